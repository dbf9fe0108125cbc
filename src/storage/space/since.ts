import type { Storage } from '../port.ts'
import { live } from './tally.ts'
import { readRows } from './read.ts'
import { compareRev } from '../../core/tid.ts'
import { pathsSince } from './order.ts'
import { oldestHeld } from './next-head.ts'
import { heldKey, type SpaceHeadRow, valueKey } from './rows.ts'
import type { SpaceChange } from './change.ts'
import { StorageError } from '../errors.ts'

export interface ChangesSince {
  readonly head: SpaceHeadRow
  /** by path */
  readonly changes: readonly SpaceChange[]
}

/**
 * Where a list may begin. `held`: at a head that is known to have been held here. `whole`: also at one that is known no
 * more, since which each commit was the head here. That it was one of these is its holder's word: for those who prove
 * what comes out. Who says so wrongly, or has the other end of a fork, is led to something that nobody signed.
 */
export type Reach = 'held' | 'whole'

/** Bytes that a change takes beside its path and record. */
const CHANGE_BYTES = 64

/**
 * All that changed between a head that was held once (or nothing) and the head. `unknown` when that head was never
 * held here, or so long ago that deletes since were forgotten: a list could lack something then. `too-large` above so many
 * bytes of paths and records. Undefined without a head. The caller holds the repo's lock.
 */
export async function changesSince(
  storage: Storage,
  repo: string,
  head: SpaceHeadRow | undefined,
  held: { readonly rev: string; readonly commit: string } | undefined,
  maxBytes: number,
  reach: Reach = 'held',
): Promise<ChangesSince | 'unknown' | 'too-large' | undefined> {
  if (head === undefined) return undefined
  // Both begin before it is known whether they are wanted: one wait instead of three.
  const came = ahead(pathsSince(storage, repo, '+', held?.rev))
  // Who holds nothing need not hear of deletes.
  const went = held === undefined ? undefined : ahead(pathsSince(storage, repo, '-', held.rev))
  if (held !== undefined && !(await isKnown(storage, repo, head, held, reach))) return 'unknown'
  const found: Asked[] = []
  let bytes = 0
  for await (const paths of came) {
    for (const [index, row] of (await readRows(storage, repo, paths)).entries()) {
      const [path = '', record] = [paths[index], live(row)]
      bytes += CHANGE_BYTES + path.length + (record?.size ?? 0)
      found.push({ path, cid: record?.cid, bytes: record?.bytes })
    }
    if (bytes > maxBytes) return 'too-large'
  }
  for await (const paths of went ?? []) {
    for (const path of paths) found.push({ path, cid: undefined })
    bytes += paths.reduce((sum, path) => sum + CHANGE_BYTES + path.length, 0)
    if (bytes > maxBytes) return 'too-large'
  }
  found.sort((a, b) => (a.path < b.path ? -1 : 1))
  const values = await readValues(storage, repo, found)
  return { head, changes: found.map(({ path }, index) => ({ path, bytes: values[index] })) }
}

/** The same, of which the first is asked for now. */
function ahead<T>(list: AsyncGenerator<T>): AsyncIterable<T> {
  const first = list.next()
  // Awaited in its turn; by nobody when the list is not wanted.
  first.catch(() => {})
  return {
    async *[Symbol.asyncIterator]() {
      for (let step = await first; step.done !== true; step = await list.next()) yield step.value
    },
  }
}

/** Whether a list that goes on from a head is whole, as far as that reaches. */
async function isKnown(
  storage: Storage,
  repo: string,
  head: SpaceHeadRow,
  { rev, commit }: { readonly rev: string; readonly commit: string },
  reach: Reach,
): Promise<boolean> {
  const key = heldKey(repo, rev)
  const found = await storage.get('space-repos', key)
  if (found !== undefined || reach === 'held') return found === commit
  if (head.whole === undefined || compareRev(rev, head.whole) < 0) return false
  // Of all heads from the oldest that is known on there are rows: one that has none was never held.
  const oldest = await oldestHeld(storage, repo)
  return oldest !== undefined && key < oldest
}

/** Paths that were put or deleted here after a rev; all that are there without one. No more than are remembered. */
export async function changedPaths(
  storage: Storage,
  repo: string,
  rev: string | undefined,
): Promise<string[]> {
  const paths: string[] = []
  for (const mark of rev === undefined ? (['+'] as const) : (['+', '-'] as const))
    for await (const some of pathsSince(storage, repo, mark, rev)) paths.push(...some)
  return paths.sort()
}

/** A record whose bytes are asked for, and what of it was in its row. */
interface Asked {
  readonly path: string
  readonly cid: string | undefined
  readonly bytes?: Uint8Array | undefined
}

/** The bytes of records that are here; undefined where there is no CID. Throws `storage.failed` for lost ones. */
export async function readValues(
  storage: Storage,
  repo: string,
  records: readonly Asked[],
): Promise<(Uint8Array | undefined)[]> {
  const keys = records.flatMap(({ path, cid, bytes }) =>
    cid === undefined || bytes !== undefined ? [] : [valueKey(repo, path, cid)],
  )
  const values = keys.length === 0 ? [] : await storage.getMany('space-records', keys)
  let next = 0
  return records.map(({ path, cid, bytes }) => {
    if (cid === undefined) return undefined
    const value = bytes ?? values[next++]
    if (!(value instanceof Uint8Array)) {
      throw new StorageError('storage.failed', { reason: 'value', repo, path })
    }
    return value
  })
}
