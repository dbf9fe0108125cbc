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
  (await storage.getMany(
    'space-records',
    paths.map((path) => recordKey(repo, path)),
  )) as (SpaceRecordRow | undefined)[]

export const readStaged = async (
  storage: Storage,
  repo: string,
  paths: readonly string[],
): Promise<(SpaceRecordRow | undefined)[]> =>
  (await storage.getMany(
    'space-records',
    paths.map((path) => stagedKey(repo, path)),
  )) as (SpaceRecordRow | undefined)[]

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
