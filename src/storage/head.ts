import { compareRev } from '../core/tid.ts'
import { hasCode } from '../core/errors.ts'
import { RepoError } from '../repo/errors.ts'
import { StorageError } from './errors.ts'
import { holdsImport } from './import-row.ts'
import type { Storage, WriteOp } from './port.ts'
import {
  type RepoRow,
  repoRange,
  type SnapshotRow,
  snapshotKey,
  spillBytesKey,
  type TreeWindow,
} from './rows.ts'

/** Another tab may move the same head; each round sees its result first. */
const ROUNDS = 5

/** What the engine knows of a repo beside its content. */
export type RepoFacts = Partial<
  Pick<RepoRow, 'handle' | 'pds' | 'upstream' | 'upstreamCheckedAt' | 'keepLast' | 'chain'>
>

/**
 * Moves a head in one transaction, after everything under it is durable: the snapshot, the repo's row and
 * the end of the import stand or fall together.
 *
 * @throws RepoError `repo.rev-rollback` (an older rev than the head's), `repo.equivocation` (the head's rev
 * with another commit); `storage.conflict` when the import was discarded meanwhile.
 */
export async function moveHead(
  storage: Storage,
  snapshot: SnapshotRow,
  facts: RepoFacts,
  extra: {
    readonly top: TreeWindow | undefined
    readonly importId: string
    readonly ops: readonly WriteOp[]
    readonly allowRollback: boolean
  },
): Promise<void> {
  const { did } = snapshot
  for (let round = 1; ; round++) {
    // Our own rows, written by this code.
    const row = (await storage.get('repos', did)) as RepoRow | undefined
    const head =
      row?.head === undefined
        ? undefined
        : ((await storage.get('snapshots', snapshotKey(did, row.head))) as SnapshotRow | undefined)
    if (head !== undefined && !extra.allowRollback) refuseStale(head, snapshot)
    const generation = row?.generation ?? 0
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
      generation: generation + 1,
    }
    try {
      await storage.write(
        [
          { type: 'put', table: 'snapshots', key: snapshotKey(did, snapshot.id), value: snapshot },
          { type: 'put', table: 'repos', key: did, value: next },
          { type: 'delete', table: 'imports', key: did },
          {
            type: 'delete-bytes-range',
            from: spillBytesKey(did, extra.importId, 0).slice(0, -1),
            to: `${spillBytesKey(did, extra.importId, 0).slice(0, -1)}~`,
          },
          ...extra.ops,
        ],
        {
          guards: [
            {
              table: 'repos',
              key: did,
              holds: (value) => ((value as RepoRow | undefined)?.generation ?? 0) === generation,
            },
            holdsImport(did, extra.importId),
          ],
        },
      )
      return
    } catch (error) {
      const raced = hasCode(error, 'storage.conflict') && error.fields['table'] === 'repos'
      if (!raced || round === ROUNDS) throw error
    }
  }
}

/** Ids sort by time, and the newest is the last also when the clock was set back. */
export async function nextSnapshotId(
  storage: Storage,
  did: string,
  now: number,
  commitCid: string,
): Promise<string> {
  const [newest] = await storage.keys('snapshots', { ...repoRange(did), reverse: true, limit: 1 })
  const last = newest === undefined ? 0 : Number.parseInt(newest.slice(did.length + 1), 10)
  return `${String(Math.max(now, last + 1)).padStart(14, '0')}-${commitCid.slice(-8)}`
}

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
        guards: [
          {
            table: 'repos',
            key: did,
            holds: (value) => (value as RepoRow | undefined)?.generation === row.generation,
          },
        ],
      })
      return next
    } catch (error) {
      if (!hasCode(error, 'storage.conflict') || round === ROUNDS) throw error
    }
  }
}
