import type { Range, Row, Storage, WriteOp } from '../port.ts'
import { dropValue, inBatches, type KeptRecord, recordKey, type SpaceRecordRow, under } from './rows.ts'
import { live } from './tally.ts'

/**
 * The order in which records came (`+`) and went (`-`): a row for each, by the rev under which that was first seen
 * here. Of records that come many at once, some lie in one row together, which is named by the first of them.
 */

const RECORDS = 'space-records'
/** From so many on, records that come at once lie together. */
const MANY = 32
/** So many in one row: when one of them goes elsewhere, the rest is written again. */
const TOGETHER = 16
/** Rows that are read at a time. */
const BATCH = 256

/** A path that goes from one row to another. */
export interface Move {
  readonly path: string
  readonly from: SpaceRecordRow | undefined
  /** with the rev under which it is seen */
  readonly to: SpaceRecordRow
}

const orderKey = (repo: string, path: string, row: SpaceRecordRow): string =>
  'deleted' in row ? goneKey(repo, path, row.since) : `+${repo}/${row.since}/${row.beside ?? path}`

/** Where it stands that a record went. */
export const goneKey = (repo: string, path: string, since: string): string => `-${repo}/${since}/${path}`

/**
 * Moves paths, each once, with their places in the order. The caller holds the repo's lock alone, and writes this before
 * anything else of the repo.
 */
export async function moveOps(storage: Storage, repo: string, moves: readonly Move[]): Promise<WriteOp[]> {
  const ops = await leaveOps(storage, repo, moves)
  const coming = moves.flatMap(({ path, to }) => (live(to) === undefined ? [] : [path])).sort()
  const places = placesOf(coming)
  for (const { path, from, to } of moves) {
    const row = 'deleted' in to ? to : placed(to, places.get(path))
    ops.push({ type: 'put', table: RECORDS, key: recordKey(repo, path), value: row })
    const key = orderKey(repo, path, row)
    const beside = places.get(path)
    if (beside === undefined) ops.push({ type: 'put', table: RECORDS, key, value: true })
    else if (beside[0] === path) ops.push({ type: 'put', table: RECORDS, key, value: beside })
    const old = live(from)
    if (old !== undefined && old.cid !== live(to)?.cid) ops.push(...dropValue(repo, path, old))
  }
  return ops
}

/** Paths that lie together, by each of them; nothing when they are few. */
function placesOf(paths: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const places = new Map<string, readonly string[]>()
  if (paths.length < MANY) return places
  for (let at = 0; at < paths.length; at += TOGETHER) {
    const some = paths.slice(at, at + TOGETHER)
    for (const path of some) places.set(path, some)
  }
  return places
}

function placed({ beside: _, ...row }: KeptRecord, some: readonly string[] | undefined): KeptRecord {
  const first = some?.[0]
  return first === undefined ? row : { ...row, beside: first }
}

/** Takes the paths out of where they stand in the order. */
async function leaveOps(storage: Storage, repo: string, moves: readonly Move[]): Promise<WriteOp[]> {
  const ops: WriteOp[] = []
  /** rows in which others may be left, and who goes */
  const shared = new Map<string, Set<string>>()
  for (const { path, from } of moves) {
    if (from === undefined) continue
    const key = orderKey(repo, path, from)
    if (live(from)?.beside === undefined) ops.push({ type: 'delete', table: RECORDS, key })
    else shared.set(key, (shared.get(key) ?? new Set<string>()).add(path))
  }
  const keys = [...shared.keys()]
  const values = keys.length === 0 ? [] : await storage.getMany(RECORDS, keys)
  for (const [index, key] of keys.entries()) {
    const left = pathsOf(values[index], []).filter((path) => shared.get(key)?.has(path) !== true)
    ops.push(
      left.length === 0
        ? { type: 'delete', table: RECORDS, key }
        : { type: 'put', table: RECORDS, key, value: left },
    )
  }
  return ops
}

/** What stands in a row of the order; `alone` where it stands for the one path that names it. */
const pathsOf = (value: unknown, alone: readonly string[]): readonly string[] =>
  // Only this room writes them.
  Array.isArray(value) ? (value as string[]) : alone

/** Paths that came or went after a rev, or all that came; some at a time. No more than are remembered. */
export async function* pathsSince(
  storage: Storage,
  repo: string,
  mark: '+' | '-',
  rev: string | undefined,
): AsyncGenerator<readonly string[]> {
  const { from, to } = under(mark + repo)
  const range = { from: rev === undefined ? from : `${from}${rev}0`, to }
  const read = (some: Range): Promise<Row[]> => storage.list(RECORDS, some)
  for await (const rows of inBatches(read, range, BATCH))
    yield rows.flatMap(({ key, value }) => pathsOf(value, [key.slice(key.indexOf('/', from.length) + 1)]))
}
