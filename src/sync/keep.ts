import { hasCode } from '../core/errors.ts'
import { discardImport } from '../storage/importer.ts'
import type { Storage, WriteOp } from '../storage/port.ts'
import { recheck } from '../storage/recheck.ts'
import { repoRange, type SnapshotRow, snapshotKey } from '../storage/rows.ts'
import { deleteSnapshotRow, type Swept, sweepRepo } from '../storage/sweep.ts'
import { SyncError } from './errors.ts'
import type { Host } from './host.ts'
import { repoRow, snapshotsOf } from './kept.ts'
import type { Work } from './work.ts'

/** Names a repo whose sweep has not ended: written with a deletion, removed by the sweep that follows it. */
const dueKey = (did: string): string => `sweep/${did}`

/** Deletes one snapshot. What it alone held is freed by {@link sweep}, which goes on after a stop. */
export async function deleteSnapshot(storage: Storage, did: string, id: string): Promise<void> {
  const snapshot = (await snapshotsOf(storage, did)).find((it) => it.id === id)
  if (snapshot === undefined) throw new SyncError('sync.not-kept', { did, snapshot: id })
  await markDue(storage, did)
  await deleteSnapshotRow(storage, snapshot)
}

async function markDue(storage: Storage, did: string): Promise<void> {
  await storage.write([{ type: 'put', table: 'meta', key: dueKey(did), value: true }])
}

/** Drops the oldest snapshots beyond what the repo keeps. True when any went. */
export async function applyRetention(storage: Storage, did: string): Promise<boolean> {
  const row = await repoRow(storage, did)
  if (row?.keepLast === undefined) return false
  const snapshots = await snapshotsOf(storage, did)
  const old = snapshots.filter((it) => it.id !== row.head).slice(0, Math.max(0, snapshots.length - row.keepLast))
  if (old.length === 0) return false
  await markDue(storage, did)
  for (const snapshot of old) await deleteSnapshotRow(storage, snapshot)
  return true
}

/** Frees what no snapshot needs any more. */
export async function sweep(storage: Storage, did: string, work: Work): Promise<Swept> {
  return work.exclusively(did, async () => {
    const swept = await sweepRepo(storage, did)
    await storage.write([{ type: 'delete', table: 'meta', key: dueKey(did) }])
    return swept
  })
}

/** Repos whose sweep a stop cut off. */
export async function sweepsDue(storage: Storage): Promise<string[]> {
  const keys = await storage.keys('meta', { from: 'sweep/', to: 'sweep0' })
  return keys.map((key) => key.slice('sweep/'.length))
}

/** Deletes a repo with all its snapshots, segments, blobs and search index, in one transaction. */
export async function deleteRepo(storage: Storage, did: string, work: Pick<Work, 'exclusively'>): Promise<void> {
  await work.exclusively(did, async () => {
    await discardImport(storage, did)
    const range = repoRange(did)
    const ops: WriteOp[] = [
      { type: 'delete', table: 'repos', key: did },
      { type: 'delete', table: 'meta', key: dueKey(did) },
      { type: 'delete-range', table: 'snapshots', ...range },
      { type: 'delete-range', table: 'segments', ...range },
      { type: 'delete-range', table: 'blobs', ...range },
      { type: 'delete-range', table: 'search', ...range },
      { type: 'delete-bytes-range', from: `seg/${range.from}`, to: `seg/${range.to}` },
      { type: 'delete-bytes-range', from: `blob/${range.from}`, to: `blob/${range.to}` },
      { type: 'delete-bytes-range', from: `spill/${range.from}`, to: `spill/${range.to}` },
    ]
    for (const key of await identitiesOfOnly(storage, did)) ops.push({ type: 'delete', table: 'identities', key })
    await storage.write(ops)
  })
}

async function identitiesOfOnly(storage: Storage, did: string): Promise<string[]> {
  const rows = await storage.list('identities')
  return rows.filter(({ value }) => (value as { did?: string }).did === did).map(({ key }) => key)
}

/** Proves the head again from the disk, and notes when. */
export async function verifyHead(host: Host, did: string, work: Work): Promise<{ records: number }> {
  const row = await repoRow(host.storage, did)
  const snapshot =
    row?.head === undefined
      ? undefined
      : ((await host.storage.get('snapshots', snapshotKey(did, row.head))) as SnapshotRow | undefined)
  if (snapshot === undefined) throw new SyncError('sync.not-kept', { did })
  work.report({ did, phase: 'checking', totalRecords: snapshot.root.records })
  const result = await recheck({
    storage: host.storage,
    snapshot,
    sha256: host.sha256,
    random: host.random,
    onProgress: (records, bytes) => work.report({ records, bytes }),
    signal: work.signal,
  })
  const checked: SnapshotRow = { ...snapshot, verifiedAt: host.clock.now() }
  try {
    await host.storage.write([{ type: 'put', table: 'snapshots', key: snapshotKey(did, snapshot.id), value: checked }], {
      guards: [{ table: 'snapshots', key: snapshotKey(did, snapshot.id), holds: (value) => value !== undefined }],
    })
  } catch (error) {
    // Deleted meanwhile: there is nothing to note it on.
    if (!hasCode(error, 'storage.conflict')) throw error
  }
  return result
}
