import { hasCode } from '../../../core/errors.ts'
import { RepoError } from '../../../repo/errors.ts'
import { parseCommit } from '../../../repo/commit.ts'
import { StorageError } from '../../../storage/errors.ts'
import type { Storage } from '../../../storage/port.ts'
import { recheck } from '../../../storage/recheck.ts'
import { repoRange, type SnapshotRow } from '../../../storage/rows.ts'
import type { BlobRow } from '../../blob-rows.ts'
import type { Host } from '../../host.ts'
import { headOf, snapshotRow } from '../../kept.ts'
import type { Step } from '../context.ts'
import { MovingError } from '../errors.ts'

/** Has the newest copy, or the one that was chosen, and proves it again from the disk before anything is sent. */
export const copyStep: Step = async (moving) => {
  const { host, did, row, signal } = moving
  // A server that is gone gives nothing, one that is an enemy should not be asked for anything to restore.
  if (row.kind === 'move') await moving.copies.update(did, signal)
  const before = await countBlobs(host.storage, did)
  if (before.kept < before.wanted) await moving.copies.blobs(did, signal)
  const snapshot = await chosenSnapshot(host.storage, did, row.snapshot)
  await proveSnapshot(host, snapshot, signal, (records) => moving.progress(records, snapshot.root.records))
  const { wanted, kept } = await countBlobs(host.storage, did)
  return {
    facts: {
      snapshot: snapshot.id,
      rev: snapshot.rev,
      records: snapshot.root.records,
      takenAt: snapshot.takenAt,
      blobs: wanted,
      lacking: wanted - kept,
    },
  }
}

/**
 * The snapshot to restore, which must be of this account whatever row it was found under.
 *
 * @throws MovingError `moving.no-copy`, `moving.wrong-account`
 */
export async function chosenSnapshot(
  storage: Storage,
  did: string,
  id: string | undefined,
): Promise<SnapshotRow> {
  const snapshot = id === undefined ? await headOf(storage, did) : await snapshotRow(storage, did, id)
  if (snapshot === undefined) throw new MovingError('moving.no-copy', { did })
  const found = parseCommit(snapshot.commit).did
  if (found !== did) throw new MovingError('moving.wrong-account', { did, found })
  return snapshot
}

/** Throws MovingError `moving.copy-damaged`. */
export async function proveSnapshot(
  host: Host,
  snapshot: SnapshotRow,
  signal: AbortSignal | undefined,
  onRecords: (records: number) => void,
): Promise<void> {
  const { storage, sha256, random } = host
  try {
    await recheck({ storage, snapshot, sha256, random, signal, onProgress: onRecords })
  } catch (error) {
    const damaged =
      error instanceof RepoError || (error instanceof StorageError && !hasCode(error, 'storage.gone'))
    if (!damaged) throw error
    throw new MovingError('moving.copy-damaged', { did: snapshot.did, reason: error.code }, { cause: error })
  }
}

/** Of the blobs that are known of, how many are here. */
export async function countBlobs(
  storage: Storage,
  did: string,
): Promise<{ readonly wanted: number; readonly kept: number }> {
  // only our own rows are in the table
  const rows = (await storage.list('blobs', repoRange(did))).map(({ value }) => value as BlobRow)
  return { wanted: rows.length, kept: rows.filter(({ state }) => state === 'kept').length }
}
