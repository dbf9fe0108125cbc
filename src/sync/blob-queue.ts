import { MAX_BLOB_BYTES } from '../pds/blobs.ts'
import type { Gathered } from '../core/gather.ts'
import { IMAGE_HEAD_BYTES, imageTypeOf } from '../repo/image-type.ts'
import type { Storage } from '../storage/port.ts'
import { blobBytesKey, blobKey, repoRange } from '../storage/rows.ts'
import { type BlobRow, changeBlob } from './blob-rows.ts'
import { isFoundAgain, noteLost } from './lost-blobs.ts'
import type { Work } from './work.ts'

/** Requests under way at once: servers limit by address. */
const AT_ONCE = 4
/**
 * Larger ones are fetched alone, after the others, bytes: a host may hold a blob in memory until it is stored, and
 * so no more is held than this for each of those at once, or one large blob.
 */
const LARGE = 8 * 1024 * 1024

export interface FetchedBlobs {
  readonly fetched: number
  /** whoever was asked has them not */
  readonly missing: number
  /** refused: they are not what their CID says, or too large */
  readonly failed: number
}

/**
 * A blob that is what its CID says, or why there is none. `missing`: its server has it not, and the row says
 * so from now on. `absent`: nobody who was asked has it, which says nothing of others. `larger`: it has more
 * bytes than were allowed, and may be asked for again with more.
 */
export type GotBlob = Gathered['whole'] | 'missing' | 'absent' | 'failed' | 'larger'

interface Taking {
  readonly storage: Storage
  readonly did: string
  readonly work: Work
  /** Throws what stops all of it. */
  readonly get: (cid: string, maxBytes: number) => Promise<GotBlob>
}

/**
 * Gets every blob of a repo that is wanted and not here, or not any more. Whatever is stored stays when the work is stopped,
 * and one that fails does not stop the others.
 */
export async function takeWanted(taking: Taking): Promise<FetchedBlobs> {
  const { storage, did, work } = taking
  await noteLost(storage, did)
  const wanted = (await storage.list('blobs', repoRange(did)))
    .map(({ value }) => value as BlobRow)
    .filter((it) => it.state === 'wanted' || it.state === 'failed' || it.state === 'missing')
  work.report({ totalRecords: wanted.length, records: 0, bytes: 0 })
  const counts = { fetched: 0, missing: 0, failed: 0, skipped: 0 }
  let bytes = 0
  let done = 0
  let stopped = false
  const isLarge = (row: BlobRow): boolean => (row.declaredBytes ?? 0) > LARGE
  const large = wanted.filter(isLarge).map(({ cid }) => cid)
  const queue = wanted.filter((row) => !isLarge(row)).values()
  const take = ({ outcome, bytes: size }: Fetched): void => {
    counts[outcome]++
    bytes += size
    work.report({ bytes, records: ++done })
  }
  const worker = async (): Promise<void> => {
    try {
      for (const { cid } of queue) {
        if (stopped) return
        work.check()
        const result = await takeOne(taking, cid, LARGE)
        // No record said that it would be.
        if (result === 'larger') large.push(cid)
        else take(result)
      }
    } catch (error) {
      stopped = true
      throw error
    }
  }
  // Nothing goes on once this has ended, whichever of them failed.
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  for (const cid of large) {
    work.check()
    const result = await takeOne(taking, cid, MAX_BLOB_BYTES)
    take(result === 'larger' ? { outcome: 'failed', bytes: 0 } : result)
  }
  const { fetched, missing, failed } = counts
  return { fetched, missing, failed }
}

interface Fetched {
  readonly outcome: 'fetched' | 'missing' | 'failed' | 'skipped'
  readonly bytes: number
}

async function takeOne(
  { storage, did, get }: Taking,
  cid: string,
  maxBytes: number,
): Promise<Fetched | 'larger'> {
  // A person may have skipped it since the list was made.
  const row = (await storage.get('blobs', blobKey(did, cid))) as BlobRow | undefined
  if (row === undefined || row.state === 'skipped') return { outcome: 'skipped', bytes: 0 }
  if (await isFoundAgain(storage, did, row)) {
    await changeBlob(storage, did, cid, { state: 'kept' })
    return { outcome: 'skipped', bytes: 0 }
  }
  const got = await get(cid, maxBytes)
  if (got === 'larger') return got
  if (got === 'absent') return { outcome: 'missing', bytes: 0 }
  if (typeof got === 'string') {
    await changeBlob(storage, did, cid, { state: got })
    return { outcome: got, bytes: 0 }
  }
  const [bytes, head] =
    got instanceof Blob
      ? [got.size, new Uint8Array(await got.slice(0, IMAGE_HEAD_BYTES).arrayBuffer())]
      : [got.length, got]
  const key = blobBytesKey(did, cid)
  await changeBlob(storage, did, cid, { state: 'kept', bytes, imageType: imageTypeOf(head) }, [
    got instanceof Blob ? { type: 'put-blob', key, blob: got } : { type: 'put-bytes', key, parts: [got] },
  ])
  return { outcome: 'fetched', bytes }
}
