import { hasCode } from '../core/errors.ts'
import { parseCommit } from '../repo/commit.ts'
import { RepoError } from '../repo/errors.ts'
import { verifySignature } from '../repo/signature.ts'
import { recheck } from '../storage/recheck.ts'
import { type SnapshotRow, snapshotKey } from '../storage/rows.ts'
import { clearDamage, noteDamage } from './damage.ts'
import { SyncError } from './errors.ts'
import type { Host } from './host.ts'
import { headOf, keptIdentity, snapshotRow } from './kept.ts'
import { reading } from './reading.ts'
import type { Work } from './work.ts'

/**
 * Proves the head again from what is stored, with no network: its signature by a key of the identity that
 * is kept with it, every block's hash and the whole tree. Notes when; or that the disk has not what was signed, and
 * then the next backup leans on nothing of it.
 *
 * @throws RepoError naming what is wrong; `storage.segment-gone` when bytes are missing; PdsError
 * `pds.plc-log-invalid`; SyncError `sync.not-kept`
 */
export async function verifyHead(host: Host, did: string, work: Work): Promise<{ records: number }> {
  const { storage } = host
  const snapshot = await headOf(storage, did)
  if (snapshot === undefined) throw new SyncError('sync.not-kept', { did })
  work.report({ did, phase: 'checking', totalRecords: snapshot.root.records })
  await checkAuthor(host, snapshot)
  const { sha256, random } = host
  const { signal } = work
  const onProgress = (records: number, bytes: number): void => work.report({ records, bytes })
  const result = await reading(storage, snapshot, () =>
    recheck({ storage, snapshot, sha256, random, onProgress, signal }),
  ).catch(async (error: unknown) => {
    await noteDamage(storage, snapshot, error)
    throw error
  })
  await clearDamage(storage, did)
  const key = snapshotKey(did, snapshot.id)
  const row = await snapshotRow(storage, did, snapshot.id)
  try {
    // What was written to it meanwhile stays; deleted meanwhile, there is nothing to note it on.
    const op = {
      type: 'put',
      table: 'snapshots',
      key,
      value: { ...row, verifiedAt: host.clock.now() },
    } as const
    const guards = [{ table: 'snapshots', key, holds: (value: unknown) => value !== undefined } as const]
    if (row !== undefined) await storage.write([op], { guards })
  } catch (error) {
    if (!hasCode(error, 'storage.conflict')) throw error
  }
  return result
}

async function checkAuthor(host: Host, snapshot: SnapshotRow): Promise<void> {
  const { signedBy, commitCid } = snapshot
  if (signedBy === undefined) return
  const identity = await keptIdentity(host.storage, snapshot)
  const { sig, unsigned } = parseCommit(snapshot.commit)
  const known = identity?.keys.some((it) => it.didKey === signedBy) === true
  const valid = known && (await verifySignature(signedBy, sig, unsigned)) === 'valid'
  if (!valid) throw new RepoError('repo.bad-signature', { cid: commitCid })
}
