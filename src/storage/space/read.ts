import type { Storage } from '../port.ts'
import {
  headKey,
  recordKey,
  stagedKey,
  stateKey,
  takeKey,
  under,
  type SpaceHeadRow,
  type SpaceRecordRow,
  type SpaceTakeRow,
} from './rows.ts'

/** Rows of space repos as they were written: only this room writes them, so their types hold. */

export const readHead = async (storage: Storage, repo: string): Promise<SpaceHeadRow | undefined> =>
  (await storage.get('space-repos', headKey(repo))) as SpaceHeadRow | undefined

export const readTake = async (storage: Storage, repo: string): Promise<SpaceTakeRow | undefined> =>
  (await storage.get('space-repos', takeKey(repo))) as SpaceTakeRow | undefined

/** The head's LtHash state; undefined without a head. */
export const readState = async (storage: Storage, repo: string): Promise<Uint8Array | undefined> =>
  (await storage.get('space-repos', stateKey(repo))) as Uint8Array | undefined

export const readRows = async (
  storage: Storage,
  repo: string,
  paths: readonly string[],
): Promise<(SpaceRecordRow | undefined)[]> =>
  (await readClose(
    storage,
    paths.map((path) => recordKey(repo, path)),
  )) as (SpaceRecordRow | undefined)[]

export const readStaged = async (
  storage: Storage,
  repo: string,
  paths: readonly string[],
): Promise<(SpaceRecordRow | undefined)[]> =>
  (await readClose(
    storage,
    paths.map((path) => stagedKey(repo, path)),
  )) as (SpaceRecordRow | undefined)[]

/** So few are asked for one by one. */
const FEW = 16
/** Rows beside those asked for that one read may bring along, for each of them. */
const BESIDE = 2

/**
 * Values of `space-records` at these keys, in any order, undefined where absent. Where many are asked for that may lie
 * close to each other, what lies between the first and the last is read at once, which takes a tenth of the time; what
 * that does not reach is asked for by key.
 */
async function readClose(storage: Storage, keys: readonly string[]): Promise<unknown[]> {
  if (keys.length === 0) return []
  if (keys.length < FEW) return storage.getMany('space-records', keys)
  const sorted = [...keys].sort()
  const [from = '', last = ''] = [sorted[0], sorted.at(-1)]
  const limit = keys.length * BESIDE
  // The least key above the last one.
  const rows = await storage.list('space-records', { from, to: `${last}\u0000`, limit })
  const found = new Map(rows.map(({ key, value }) => [key, value]))
  const reached = rows.length < limit ? last : (rows.at(-1)?.key ?? '')
  const beyond = sorted.filter((key) => key > reached)
  if (beyond.length === 0) return keys.map((key) => found.get(key))
  for (const [index, value] of (await storage.getMany('space-records', beyond)).entries())
    found.set(beyond[index] ?? '', value)
  return keys.map((key) => found.get(key))
}

export interface PathRow {
  readonly path: string
  readonly row: SpaceRecordRow
}

/** Rows after one path and up to another (null: from the beginning, to the end), at most `limit`. */
export async function listRows(
  storage: Storage,
  prefix: string,
  after: string | null,
  upTo: string | null,
  limit: number,
): Promise<PathRow[]> {
  const { from, to } = under(prefix)
  const rows = await storage.list('space-records', {
    from: after === null ? from : `${from}${after}\u0000`,
    to: upTo === null ? to : `${from}${upTo}\u0000`,
    limit,
  })
  return rows.map(({ key, value }) => ({ path: key.slice(from.length), row: value as SpaceRecordRow }))
}
