import type { Storage } from '../port.ts'
import { listRows, readRows, type PathRow } from './read.ts'
import { valueKey } from './rows.ts'
import { readValues } from './since.ts'
import { live } from './tally.ts'

/** A record as a page has it. */
export interface PageRecord {
  readonly path: string
  readonly cid: string
  /** not in a page of the index */
  readonly bytes?: Uint8Array
}

export interface Page {
  readonly records: readonly PageRecord[]
  /** the path up to which the page goes; null when nothing comes after it */
  readonly upTo: string | null
}

export interface PageLimits {
  /** at least one record is in a page, whatever its size */
  readonly maxBytes: number
  readonly maxRows: number
}

/** What was found of a record, and its bytes where they were in its row. */
interface Taken {
  readonly path: string
  readonly cid: string
  readonly bytes: Uint8Array | undefined
}

const BATCH = 512
/** Values beside those of a page that one read may bring along. */
const SPARE = 64
/** Bytes that a row of the index takes beside its path. */
const INDEX_ROW = 48

/** The records after a path, in order, or their paths and CIDs alone. The caller holds the repo's lock. */
export async function readPage(
  storage: Storage,
  repo: string,
  { after, maxBytes, maxRows, withBytes }: PageLimits & { after: string | null; withBytes: boolean },
): Promise<Page> {
  const taken: Taken[] = []
  let bytes = 0
  let from = after
  for (;;) {
    const rows: PathRow[] = await listRows(storage, repo, from, null, BATCH)
    for (const { path, row } of rows) {
      const record = live(row)
      if (record === undefined) continue
      bytes += path.length + (withBytes ? record.size : INDEX_ROW)
      if (taken.length > 0 && (bytes > maxBytes || taken.length >= maxRows)) {
        return filled(storage, repo, taken, taken.at(-1)?.path ?? null, withBytes)
      }
      taken.push({ path, cid: record.cid, bytes: record.bytes })
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < BATCH) return filled(storage, repo, taken, null, withBytes)
    from = last.path
  }
}

/**
 * Of some paths, ascending, the records that are here, as many as fit. `upTo` is the last path that was looked at,
 * null when all were. The caller holds the repo's lock.
 */
export async function readWanted(
  storage: Storage,
  repo: string,
  paths: readonly string[],
  { maxBytes, maxRows }: PageLimits,
): Promise<Page> {
  const asked = paths.slice(0, maxRows)
  const rows = await readRows(storage, repo, asked)
  const taken: Taken[] = []
  let bytes = 0
  for (const [index, path] of asked.entries()) {
    const record = live(rows[index])
    if (record === undefined) continue
    bytes += path.length + record.size
    if (taken.length > 0 && bytes > maxBytes) {
      return filled(storage, repo, taken, asked[index - 1] ?? null, true)
    }
    taken.push({ path, cid: record.cid, bytes: record.bytes })
  }
  const upTo = asked.length < paths.length ? (asked.at(-1) ?? null) : null
  return withValues(taken, await readValues(storage, repo, taken), upTo)
}

async function filled(
  storage: Storage,
  repo: string,
  taken: readonly Taken[],
  upTo: string | null,
  withBytes: boolean,
): Promise<Page> {
  if (!withBytes) return { records: taken.map(({ path, cid }) => ({ path, cid })), upTo }
  const near = await readNear(
    storage,
    repo,
    taken.filter(({ bytes }) => bytes === undefined),
  )
  const found = taken.map(({ path, cid, bytes }) => bytes ?? near.get(valueKey(repo, path, cid)))
  const all = taken.map(({ path, cid }, index) => ({ path, cid, bytes: found[index] }))
  return withValues(taken, await readValues(storage, repo, all), upTo)
}

const withValues = (
  taken: readonly Taken[],
  values: readonly (Uint8Array | undefined)[],
  upTo: string | null,
): Page => ({
  records: taken.map(({ path, cid }, index) => {
    const bytes = values[index]
    return bytes === undefined ? { path, cid } : { path, cid, bytes }
  }),
  upTo,
})

/**
 * What lies between the first and the last of these, in one read, which is far less than one for each. What is staged
 * lies there too, and a path that goes on where another ends may lie before it: so it is not all, and more than asked.
 */
async function readNear(
  storage: Storage,
  repo: string,
  taken: readonly { readonly path: string }[],
): Promise<ReadonlyMap<string, Uint8Array>> {
  const [first, last] = [taken[0], taken.at(-1)]
  if (first === undefined || last === undefined) return new Map()
  const rows = await storage.list('space-records', {
    from: valueKey(repo, first.path, ''),
    // `0` follows `/`
    to: `${valueKey(repo, last.path, '').slice(0, -1)}0`,
    limit: taken.length + SPARE,
  })
  // Only this room writes them.
  return new Map(rows.map(({ key, value }) => [key, value as Uint8Array]))
}
