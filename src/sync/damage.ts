import { hasCode } from '../core/errors.ts'
import type { Sha256 } from '../core/hash.ts'
import { RepoError } from '../repo/errors.ts'
import { StorageError } from '../storage/errors.ts'
import type { Storage, WriteOp } from '../storage/port.ts'
import { type SnapshotRow, snapshotKey } from '../storage/rows.ts'
import { isWholeUnder } from '../storage/settle.ts'
import { headOf, isHead, sweepKey } from './kept.ts'

/**
 * Names a repo of whose head not all was on the disk as it was signed, when it was last read. Until it is taken in
 * anew, or all of it is read after all, nothing that is kept of it saves a transfer.
 */
export const damageKey = (did: string): string => `damaged/${did}`

export const isDamaged = async (storage: Storage, did: string): Promise<boolean> =>
  (await storage.get('meta', damageKey(did))) !== undefined

/** Notes that a head did not prove when it was read again, if that was by what lies on the disk. */
export async function noteDamage(storage: Storage, { did, id }: SnapshotRow, error: unknown): Promise<void> {
  const isByDisk =
    error instanceof RepoError ||
    error instanceof RangeError ||
    hasCode(error, 'storage.segment-gone') ||
    hasCode(error, 'storage.counts-wrong')
  if (!isByDisk) return
  try {
    // One that is the head no more may have been swept while it was read.
    await storage.write([{ type: 'put', table: 'meta', key: damageKey(did), value: id }], {
      guards: [isHead(did, id)],
    })
  } catch (failure) {
    if (!hasCode(failure, 'storage.conflict')) throw failure
  }
}

/**
 * Reads back, after a start, what was written below the head since the last one. False when not all of it is there as
 * it was written: that is noted, until the head was read and proven as a whole, or taken in anew.
 */
export async function readBackUnder(storage: Storage, did: string, sha256: Sha256): Promise<boolean> {
  const head = await headOf(storage, did)
  if (head === undefined || (await isWholeUnder(storage, head, sha256))) return true
  await noteDamage(storage, head, new StorageError('storage.segment-gone', { did }))
  return false
}

/** It was read after all. */
export async function clearDamage(storage: Storage, did: string): Promise<void> {
  if (await isDamaged(storage, did))
    await storage.write([{ type: 'delete', table: 'meta', key: damageKey(did) }])
}

/** For the transaction that moves the head to what was taken in anew. The same commit need not be kept twice. */
export function mendedOps({ did, id, commitCid }: SnapshotRow, commit: string | undefined): WriteOp[] {
  const mended: WriteOp = { type: 'delete', table: 'meta', key: damageKey(did) }
  if (commit !== commitCid) return [mended]
  return [
    mended,
    { type: 'delete', table: 'snapshots', key: snapshotKey(did, id) },
    { type: 'put', table: 'meta', key: sweepKey(did), value: id },
  ]
}
