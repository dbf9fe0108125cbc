import { CairnError, hasCode } from '../core/errors.ts'
import { getBlob, listBlobs, MAX_BLOB_BYTES } from '../pds/blobs.ts'
import { PdsError } from '../pds/errors.ts'
import { withRetry } from '../pds/retry.ts'
import { imageTypeOf, type ImageType } from '../repo/image-type.ts'
import { blobBytesKey, blobKey, repoRange } from '../storage/rows.ts'
import type { Storage, WriteOp } from '../storage/port.ts'
import { SyncError } from './errors.ts'
import { type Endpoints, fraction, type Host, networkOf } from './host.ts'
import { repoRow } from './kept.ts'
import type { Work } from './work.ts'

/** What is known of one blob. Table `blobs`, key: DID/CID. */
export interface BlobRow {
  readonly cid: string
  readonly state: 'kept' | 'wanted' | 'missing' | 'skipped' | 'failed'
  readonly bytes: number | undefined
  readonly declaredType: string | undefined
  readonly imageType: ImageType | undefined
  /** some records that refer to it */
  readonly paths: readonly string[]
}

/** Requests under way at once: servers limit by address. */
const AT_ONCE = 4
/** Rows written in one transaction while a listing comes in. */
const ROWS = 500

/**
 * Fetches the blobs of a kept repo that are not here yet: those its records name and those its server
 * lists. Each is stored only when it is what its CID says; one that fails does not stop the others, and
 * whatever is stored stays when the work is stopped.
 */
export async function fetchBlobs(
  host: Host,
  endpoints: Endpoints,
  did: string,
  work: Work,
): Promise<{ fetched: number; missing: number; failed: number }> {
  const network = networkOf(host, endpoints)
  const row = await repoRow(host.storage, did)
  if (row === undefined) throw new SyncError('sync.not-kept', { did })
  if (row.pds === undefined) throw new PdsError('pds.no-pds', { did })
  const { pds } = row
  work.report({ did, phase: 'blobs' })
  const retrying = { timers: host.timers, random: fraction(host), signal: work.signal, onWait: work.onWait }
  const run = <T>(page: () => Promise<T>): Promise<T> => withRetry(page, retrying)
  for await (const page of listBlobs(network, { pds, did, signal: work.signal, run })) {
    work.check()
    await noteListed(host.storage, did, page.cids)
  }
  const wanted = (await host.storage.list('blobs', repoRange(did)))
    .map(({ value }) => value as BlobRow)
    .filter((it) => it.state === 'wanted' || it.state === 'failed' || it.state === 'missing')
  work.report({ totalRecords: wanted.length, records: 0, bytes: 0 })
  const counts = { fetched: 0, missing: 0, failed: 0 }
  let bytes = 0
  let done = 0
  const queue = wanted.values()
  const worker = async (): Promise<void> => {
    for (const blob of queue) {
      work.check()
      const result = await fetchOne(blob)
      counts[result.outcome]++
      bytes += result.bytes
      work.report({ bytes, records: ++done })
    }
  }
  const fetchOne = async (blob: BlobRow): Promise<{ outcome: keyof typeof counts; bytes: number }> => {
    try {
      const get = () => getBlob(network, { pds, did, cid: blob.cid, signal: work.signal, maxBytes: MAX_BLOB_BYTES })
      const data = await withRetry(get, retrying)
      await keepBlob(host.storage, did, blob, data)
      return { outcome: 'fetched', bytes: data.length }
    } catch (error) {
      work.check()
      if (!(error instanceof PdsError) || stops(error)) throw error
      const state = error.code === 'pds.blob-missing' ? 'missing' : 'failed'
      await host.storage.write([{ type: 'put', table: 'blobs', key: blobKey(did, blob.cid), value: { ...blob, state } }])
      return { outcome: state, bytes: 0 }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return counts
}

/** The server is away or refuses us, not just this blob. */
function stops(error: CairnError): boolean {
  return error.code.startsWith('pds.account-') || hasCode(error, 'pds.network') || hasCode(error, 'pds.rate-limited') || hasCode(error, 'pds.cancelled')
}

/** Stores bytes whose hash was checked, and what they are by their first bytes. */
export async function keepBlob(storage: Storage, did: string, blob: BlobRow, data: Uint8Array<ArrayBuffer>): Promise<void> {
  const row: BlobRow = { ...blob, state: 'kept', bytes: data.length, imageType: imageTypeOf(data) }
  await storage.write([
    { type: 'put-bytes', key: blobBytesKey(did, blob.cid), parts: [data] },
    { type: 'put', table: 'blobs', key: blobKey(did, blob.cid), value: row },
  ])
}

async function noteListed(storage: Storage, did: string, cids: readonly string[]): Promise<void> {
  const known = await storage.getMany('blobs', cids.map((cid) => blobKey(did, cid)))
  const ops: WriteOp[] = []
  cids.forEach((cid, i) => {
    if (known[i] !== undefined) return
    const value: BlobRow = { cid, state: 'wanted', bytes: undefined, declaredType: undefined, imageType: undefined, paths: [] }
    ops.push({ type: 'put', table: 'blobs', key: blobKey(did, cid), value })
  })
  for (let i = 0; i < ops.length; i += ROWS) await storage.write(ops.slice(i, i + ROWS), { durability: 'relaxed' })
}
