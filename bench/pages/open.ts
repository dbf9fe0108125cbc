import { endOf, find, rank, type TreeEntry, visit } from '../../src/repo/mst/read.ts'
import { openIndexedDb } from '../../src/storage/indexeddb/open.ts'
import type { Storage } from '../../src/storage/port.ts'
import { type RepoRow, type SnapshotRow, snapshotKey } from '../../src/storage/rows.ts'
import { createSegmentReader } from '../../src/storage/segment-reader.ts'
import { countingStorage } from './counting-storage.ts'
import { openDatabase, putAll } from './database.ts'
import type { ReadCount, ScreenInput } from './protocol.ts'
import type { Task } from './worker.ts'

const KEY = 'screenful'

export const floorKeep: Task<'floorKeep'> = async ({ bytes }) => {
  const db = await openDatabase('floor-open')
  return async () => {
    await putAll(db, [[KEY, new Uint8Array(bytes)]])
    return { bytes }
  }
}

/** The least: open a bare database, get one value that has the size of the records to be shown. */
export const floorOpen: Task<'floorOpen'> = async () => async () => {
  const db = await openDatabase('floor-open')
  const value = await new Promise<unknown>((resolve, reject) => {
    const request = db.transaction('values').objectStore('values').get(KEY)
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('get failed')))
  })
  if (!(value instanceof Uint8Array)) throw new Error('nothing was kept')
  return { bytes: value.length }
}

export const ourOpen: Task<'ourOpen'> = async (input) => async () => {
  const { storage, counts } = countingStorage(await openIndexedDb())
  const records = await readScreen(storage, input)
  const recordBytes = records.reduce((sum, record) => sum + record.length, 0)
  return { records: records.length, recordBytes, bytesRead: counts.read }
}

/** The newest records of a collection: what the screen of records does first. */
async function readScreen(
  storage: Storage,
  { did, collection, records }: ScreenInput,
): Promise<Uint8Array[]> {
  const head = await headOf(storage, did)
  const reader = createSegmentReader(storage, did)
  const end = await rank(reader, head.root, endOf(collection))
  const entries: TreeEntry[] = []
  const after = head.root.records - end.records
  await visit(reader, head.root, { skip: after, reverse: true }, (entry) => {
    if (!entry.key.startsWith(`${collection}/`)) return false
    entries.push(entry)
    return entries.length < records
  })
  return reader.records(entries.map((entry) => entry.place))
}

export const ourRecords: Task<'ourRecords'> = async ({ did, paths }) => {
  const { storage, counts } = countingStorage(await openIndexedDb())
  return async () => {
    const out: (ReadCount & { ms: number })[] = []
    for (const path of paths) {
      counts.read = 0
      const started = performance.now()
      const head = await headOf(storage, did)
      const reader = createSegmentReader(storage, did)
      const { entry } = await find(reader, head.root, path)
      if (entry === undefined) throw new Error(`no record at ${path}`)
      const [bytes] = await reader.records([entry.place])
      const ms = performance.now() - started
      out.push({ records: 1, recordBytes: bytes?.length ?? 0, bytesRead: counts.read, ms })
    }
    return out
  }
}

export async function headOf(storage: Storage, did: string): Promise<SnapshotRow> {
  // rows of the product's own making
  const repo = (await storage.get('repos', did)) as RepoRow | undefined
  if (repo?.head === undefined) throw new Error('no head')
  return (await storage.get('snapshots', snapshotKey(did, repo.head))) as SnapshotRow
}
