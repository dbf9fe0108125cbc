import type { Storage } from '../port.ts'
import { readHead, readRows } from './read.ts'
import { heldKey, inBatches, type SpaceHeadRow, under, valueKey } from './rows.ts'
import type { SpaceChange } from './change.ts'
import { StorageError } from '../errors.ts'

export interface ChangesSince {
  readonly head: SpaceHeadRow
  /** by path */
  readonly changes: readonly SpaceChange[]
}

const BATCH = 1024
/** Bytes that a change takes beside its path and record. */
const CHANGE_BYTES = 64

/**
 * All that changed between a head that was held once (or nothing) and the head. `unknown` when that head was never
 * held here, or so long ago that it is no longer known: a list could lack something then. `too-large` above so many
 * bytes of paths and records. Undefined without a head. The caller holds the repo's lock.
 */
export async function changesSince(
  storage: Storage,
  repo: string,
  held: { readonly rev: string; readonly commit: string } | undefined,
  maxBytes: number,
): Promise<ChangesSince | 'unknown' | 'too-large' | undefined> {
  const head = await readHead(storage, repo)
  if (head === undefined) return undefined
  if (held !== undefined && (await storage.get('space-repos', heldKey(repo, held.rev))) !== held.commit) {
    return 'unknown'
  }
  const found: { path: string; cid: string | undefined }[] = []
  let bytes = 0
  // Who holds nothing need not hear of deletes.
  for (const mark of held === undefined ? ['+'] : ['+', '-']) {
    const { from, to } = under(mark + repo)
    const range = { from: held === undefined ? from : `${from}${held.rev}0`, to }
    const read = async (it: { from?: string; to?: string; limit?: number }) =>
      (await storage.keys('space-records', it)).map((key) => ({ key, value: undefined }))
    for await (const keys of inBatches(read, range, BATCH)) {
      const paths = keys.map(({ key }) => key.slice(key.indexOf('/', from.length) + 1))
      const rows = await readRows(storage, repo, paths)
      for (const [index, path] of paths.entries()) {
        const row = rows[index]
        const cid = row !== undefined && 'cid' in row ? row.cid : undefined
        bytes += CHANGE_BYTES + path.length + (row !== undefined && 'cid' in row ? row.size : 0)
        found.push({ path, cid })
      }
      if (bytes > maxBytes) return 'too-large'
    }
  }
  found.sort((a, b) => (a.path < b.path ? -1 : 1))
  const values = await readValues(storage, repo, found)
  return { head, changes: found.map(({ path }, index) => ({ path, bytes: values[index] })) }
}

/** Paths that were put or deleted here after a rev; all that are there without one. No more than are remembered. */
export async function changedPaths(
  storage: Storage,
  repo: string,
  rev: string | undefined,
): Promise<string[]> {
  const paths: string[] = []
  for (const mark of rev === undefined ? ['+'] : ['+', '-']) {
    const { from, to } = under(mark + repo)
    const keys = await storage.keys('space-records', {
      from: rev === undefined ? from : `${from}${rev}0`,
      to,
    })
    paths.push(...keys.map((key) => key.slice(key.indexOf('/', from.length) + 1)))
  }
  return paths.sort()
}

/** The bytes of records that are here; undefined where there is no CID. Throws `storage.failed` for lost ones. */
export async function readValues(
  storage: Storage,
  repo: string,
  records: readonly { readonly path: string; readonly cid: string | undefined }[],
): Promise<(Uint8Array | undefined)[]> {
  const there = records.filter((it): it is { path: string; cid: string } => it.cid !== undefined)
  const values = await storage.getMany(
    'space-records',
    there.map(({ path, cid }) => valueKey(repo, path, cid)),
  )
  let next = 0
  return records.map(({ path, cid }) => {
    if (cid === undefined) return undefined
    const value = values[next++]
    if (!(value instanceof Uint8Array)) {
      throw new StorageError('storage.failed', { reason: 'value', repo, path })
    }
    return value
  })
}
