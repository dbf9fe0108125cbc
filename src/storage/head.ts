import { compareRev } from '../core/tid.ts'
import { hasCode } from '../core/errors.ts'
import { RepoError } from '../repo/errors.ts'
import { StorageError } from './errors.ts'
import type { ImportHold } from './import-row.ts'
import type { Guard, Storage, WriteOp } from './port.ts'
import { type RepoRow, repoRange, type SnapshotRow, snapshotKey, type TreeWindow } from './rows.ts'

/** Another tab may move the same head; each round sees its result first. */
const ROUNDS = 5

/** What the engine knows of a repo beside its content. */
export type RepoFacts = Partial<
  Pick<RepoRow, 'handle' | 'pds' | 'upstream' | 'upstreamCheckedAt' | 'keepLast' | 'chain'>
>

/** The repo's row and its head, as they were read: what is decided by them holds while the row is the same. */
export interface KnownHead {
  readonly row: RepoRow
  readonly head: SnapshotRow
}

/**
 * Moves a head in one transaction: what of the import is not on the disk yet, the snapshot, the repo's row and the end
 * of the import stand or fall together. All else under the head is durable before.
 *
 * @throws RepoError `repo.rev-rollback` (an older rev than the head's), `repo.equivocation` (the head's rev
 * with another commit); `storage.conflict` when the import was discarded meanwhile, or its repo deleted.
 * @returns the row and the head as they were written
 */
export async function moveHead(
  storage: Storage,
  snapshot: SnapshotRow,
  facts: RepoFacts,
  extra: {
    readonly top: TreeWindow | undefined
    readonly writes: ImportHold
    readonly ops: readonly WriteOp[]
    readonly allowRollback: boolean
    /** spares reading them */
    readonly known?: KnownHead | undefined
    /** what is known was read some time ago: where it is not so any more, `storage.conflict` (table `repos`) says so */
    readonly onlyKnown?: boolean
  },
): Promise<KnownHead> {
  const { did } = snapshot
  const { ops, guards } = extra.writes.end()
  for (let round = 1; ; round++) {
    const { row, head } = (round === 1 ? extra.known : undefined) ?? (await readHead(storage, did))
    // It changed a repo that was there: nobody has kept it from being deleted.
    if (row === undefined && !extra.writes.begun)
      throw new StorageError('storage.conflict', { table: 'repos', key: did })
    if (head !== undefined && !extra.allowRollback) refuseStale(head, snapshot)
    const next: RepoRow = {
      did,
      handle: undefined,
      pds: undefined,
      upstream: 'unknown',
      upstreamCheckedAt: undefined,
      keepLast: undefined,
      addedAt: snapshot.takenAt,
      ...row,
      ...facts,
      head: snapshot.id,
      top: extra.top,
      generation: (row?.generation ?? 0) + 1,
    }
    try {
      await storage.write(
        [
          ...extra.ops,
          { type: 'put', table: 'snapshots', key: snapshotKey(did, snapshot.id), value: snapshot },
          { type: 'put', table: 'repos', key: did, value: next },
          ...ops,
        ],
        {
          guards: [sameRepo(did, row), ...guards],
        },
      )
      return { row: next, head: snapshot }
    } catch (error) {
      const raced = hasCode(error, 'storage.conflict') && error.fields['table'] === 'repos'
      if (!raced || round === ROUNDS || extra.onlyKnown === true) throw error
    }
  }
}

/**
 * Holds while a repo's row is as it was read. The head counts beside the generation: of a repo that was deleted and
 * taken in anew, generations are counted from the beginning.
 */
export function sameRepo(did: string, row: Pick<RepoRow, 'generation' | 'head'> | undefined): Guard {
  return {
    table: 'repos',
    key: did,
    holds(value) {
      // Our own row, written by this code.
      const now = value as RepoRow | undefined
      return now?.generation === row?.generation && now?.head === row?.head
    },
  }
}

async function readHead(
  storage: Storage,
  did: string,
): Promise<{ readonly row: RepoRow | undefined; readonly head: SnapshotRow | undefined }> {
  // Our own rows, written by this code.
  const row = (await storage.get('repos', did)) as RepoRow | undefined
  if (row?.head === undefined) return { row, head: undefined }
  return {
    row,
    head: (await storage.get('snapshots', snapshotKey(did, row.head))) as SnapshotRow | undefined,
  }
}

/**
 * When the newest snapshot of a repo is of, by its id; 0 where there is none.
 *
 * @param known spares looking: whatever moves a head makes it the newest
 */
export async function newestSnapshot(storage: Storage, did: string, known?: KnownHead): Promise<number> {
  if (known !== undefined) return Number.parseInt(known.head.id, 10)
  const [newest] = await storage.keys('snapshots', { ...repoRange(did), reverse: true, limit: 1 })
  return newest === undefined ? 0 : Number.parseInt(newest.slice(did.length + 1), 10)
}

/** Ids sort by time, and the newest is the last also when the clock was set back. */
export const snapshotId = (now: number, newest: number, commitCid: string): string =>
  `${String(Math.max(now, newest + 1)).padStart(14, '0')}-${commitCid.slice(-8)}`

/** A head only ever moves to a newer rev. */
export function refuseStale(
  head: Pick<SnapshotRow, 'rev' | 'commitCid'>,
  next: Pick<SnapshotRow, 'rev' | 'commitCid'>,
): void {
  if (head.commitCid === next.commitCid) return
  if (head.rev === undefined || next.rev === undefined) return
  const order = compareRev(next.rev, head.rev)
  if (order < 0) throw new RepoError('repo.rev-rollback', { rev: next.rev, head: head.rev })
  if (order === 0)
    throw new RepoError('repo.equivocation', { rev: next.rev, cid: next.commitCid, head: head.commitCid })
}

/** Changes a repo's row by compare-and-set. Returns the new row. */
export async function updateRepo(
  storage: Storage,
  did: string,
  change: (row: RepoRow) => RepoRow,
): Promise<RepoRow> {
  for (let round = 1; ; round++) {
    const row = (await storage.get('repos', did)) as RepoRow | undefined
    if (row === undefined) throw new StorageError('storage.not-found', { did })
    const next = { ...change(row), generation: row.generation + 1 }
    try {
      await storage.write([{ type: 'put', table: 'repos', key: did, value: next }], {
        guards: [sameRepo(did, row)],
      })
      return next
    } catch (error) {
      if (!hasCode(error, 'storage.conflict') || round === ROUNDS) throw error
    }
  }
}
