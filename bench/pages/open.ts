import { createRecords } from '../../src/cairn/records.ts'
import { createSha256 } from '../../src/core/hash.ts'
import { find } from '../../src/repo/mst/read.ts'
import { openIndexedDb } from '../../src/storage/indexeddb/open.ts'
import type { Storage } from '../../src/storage/port.ts'
import { type RepoRow, type SnapshotRow, snapshotKey } from '../../src/storage/rows.ts'
import { createSegmentReader } from '../../src/storage/segment-reader.ts'
import { countingStorage } from './counting-storage.ts'
import { openDatabase, putAll } from './database.ts'
import type { ReadCount } from './protocol.ts'
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

/** What the screen of records does first: the newest of a collection, ready to be shown. */
export const ourOpen: Task<'ourOpen'> = async ({ did, collection, records }) => {
  const sha256 = await createSha256()
  return async () => {
    const { storage, counts } = countingStorage(await openIndexedDb())
    const page = await createRecords(storage, sha256).page({ did, collection, offset: 0, limit: records })
    const recordBytes = page.items.reduce((sum, item) => sum + item.bytes, 0)
    return { records: page.items.length, recordBytes, bytesRead: counts.read }
  }
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
