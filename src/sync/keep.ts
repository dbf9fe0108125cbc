import { hasCode } from '../core/errors.ts'
import { discardImport } from '../storage/import-row.ts'
import type { Guard, Storage, WriteOp } from '../storage/port.ts'
import { blobBytesRange, repoRange, type SnapshotRow } from '../storage/rows.ts'
import { deleteSnapshotRow, type Swept, sweepRepo } from '../storage/sweep.ts'
import { blobsDueKey } from './blobs-due.ts'
import { damageKey } from './damage.ts'
import { SyncError } from './errors.ts'
import { evidenceRange } from './evidence.ts'
import { repoRow, snapshotsOf, sweepKey } from './kept.ts'
import { deletePartial, deletePartials, partialsOf } from './pages/partial-rows.ts'
import type { Pins } from './pages/pins.ts'
import { unlessRead } from './reading.ts'
import { exclusively, type Work } from './work.ts'

/**
 * Deletes one snapshot. What it alone held is freed by {@link sweep}, which goes on after a stop. Unless `note` is
 * false, what separates it from the one after it stays known, for peers that hold it.
 *
 * @throws SyncError `sync.head`, `sync.not-kept`
 */
export async function deleteSnapshot(
  storage: Storage,
  did: string,
  id: string,
  options: { readonly note?: boolean } = {},
): Promise<void> {
  if ((await repoRow(storage, did))?.head === id) throw new SyncError('sync.head', { did, snapshot: id })
  const snapshot = (await snapshotsOf(storage, did)).find((it) => it.id === id)
  if (snapshot === undefined) throw new SyncError('sync.not-kept', { did, snapshot: id })
  await dropSnapshot(storage, snapshot, options)
}

async function dropSnapshot(
  storage: Storage,
  snapshot: SnapshotRow,
  options: { readonly note?: boolean } = {},
): Promise<void> {
  const due: WriteOp = { type: 'put', table: 'meta', key: sweepKey(snapshot.did), value: snapshot.id }
  await storage.write([due]).catch((error: unknown) => {
    // A full disk has no room for a note, and it is what must be freed: only a stop before the sweep would want it.
    if (!hasCode(error, 'storage.quota')) throw error
  })
  await deleteSnapshotRow(storage, snapshot, options)
}

/**
 * Drops the oldest snapshots beyond what the repo keeps. True when any went. One that a peer is reading, or that is
 * exported in any tab, stays until retention is applied again.
 */
export async function applyRetention(
  storage: Storage,
  did: string,
  pins?: Pick<Pins, 'holds'>,
): Promise<boolean> {
  const row = await repoRow(storage, did)
  if (row?.keepLast === undefined) return false
  const snapshots = await snapshotsOf(storage, did)
  const old = snapshots
    .filter((it) => it.id !== row.head)
    .slice(0, Math.max(0, snapshots.length - row.keepLast))
    .filter((it) => pins?.holds(did, it.id) !== true)
  let dropped = false
  for (const snapshot of old)
    if (await unlessRead(storage, snapshot, () => dropSnapshot(storage, snapshot))) dropped = true
  return dropped
}

/** Frees what no snapshot needs any more, once nothing else is at work on the repo. */
export async function sweep(storage: Storage, did: string, signal: AbortSignal): Promise<Swept> {
  const free = async (): Promise<Swept> => {
    const due = await storage.get('meta', sweepKey(did))
    const swept = await sweepRepo(storage, did)
    const done: Guard = { table: 'meta', key: sweepKey(did), holds: (value) => value === due }
    try {
      await storage.write([{ type: 'delete', table: 'meta', key: sweepKey(did) }], { guards: [done] })
    } catch (error) {
      // Another snapshot was deleted meanwhile: the sweep that follows it is still due.
      if (!hasCode(error, 'storage.conflict')) throw error
    }
    return swept
  }
  return exclusively(storage, did, free, signal)
}

/** Repos whose sweep a stop cut off. */
export async function sweepsDue(storage: Storage): Promise<string[]> {
  const keys = await storage.keys('meta', { from: 'sweep/', to: 'sweep0' })
  return keys.map((key) => key.slice('sweep/'.length))
}

/**
 * Deletes a repo with all its snapshots, segments, blobs, partial copies, evidence, search index and notes of
 * what changed, in one transaction.
 */
export async function deleteRepo(
  storage: Storage,
  did: string,
  work: Pick<Work, 'exclusively'>,
): Promise<void> {
  await work.exclusively(did, async () => {
    await discardImport(storage, did)
    const range = repoRange(did)
    const ops: WriteOp[] = [
      { type: 'delete', table: 'repos', key: did },
      { type: 'delete', table: 'meta', key: sweepKey(did) },
      { type: 'delete', table: 'meta', key: damageKey(did) },
      { type: 'delete', table: 'meta', key: blobsDueKey(did) },
      { type: 'delete-range', table: 'meta', ...evidenceRange(did) },
      { type: 'delete-range', table: 'snapshots', ...range },
      { type: 'delete-range', table: 'segments', ...range },
      { type: 'delete-range', table: 'blobs', ...range },
      { type: 'delete-range', table: 'search', ...range },
      { type: 'delete-range', table: 'screens', ...range },
      { type: 'delete-range', table: 'copies', ...range },
      { type: 'delete-range', table: 'changes', ...range },
      ...deletePartials(did),
      { type: 'delete-bytes-range', from: `seg/${range.from}`, to: `seg/${range.to}` },
      { type: 'delete-bytes-range', ...blobBytesRange(did) },
      { type: 'delete-bytes-range', from: `spill/${range.from}`, to: `spill/${range.to}` },
    ]
    await storage.write([...ops, ...(await deleteIdentities(storage, did))])
  })
}

/** Deletes a partial copy, with whatever was known of the account when it was the last of it. */
export async function deleteCollection(
  storage: Storage,
  did: string,
  collection: string,
  work: Pick<Work, 'exclusively'>,
): Promise<void> {
  await work.exclusively(did, async () => {
    const ops = deletePartial(did, collection)
    const others = (await partialsOf(storage, did)).some((it) => it.collection !== collection)
    if (!others && (await repoRow(storage, did)) === undefined) {
      ops.push({ type: 'delete-range', table: 'copies', ...repoRange(did) })
      ops.push(...(await deleteIdentities(storage, did)))
    }
    await storage.write(ops)
  })
}

async function deleteIdentities(storage: Storage, did: string): Promise<WriteOp[]> {
  const rows = await storage.list('identities')
  return rows
    .filter(({ value }) => (value as { did?: string }).did === did)
    .map(({ key }) => ({ type: 'delete', table: 'identities', key }))
}
