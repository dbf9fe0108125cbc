import { type CairnError, hasCode } from '../core/errors.ts'
import { getBlob, listBlobs, MAX_BLOB_BYTES } from '../pds/blobs.ts'
import { PdsError } from '../pds/errors.ts'
import type { Network } from '../pds/network.ts'
import { type RetryOptions, withRetry } from '../pds/retry.ts'
import { imageTypeOf } from '../repo/image-type.ts'
import { blobBytesKey, blobKey, repoRange } from '../storage/rows.ts'
import type { Storage, WriteOp } from '../storage/port.ts'
import { type BlobRow, changeBlob, unknownBlob } from './blob-rows.ts'
import { SyncError } from './errors.ts'
import { type Endpoints, fraction, type Host, networkOf } from './host.ts'
import { ifKept, repoRow } from './kept.ts'
import type { Work } from './work.ts'

export type { BlobRow } from './blob-rows.ts'

/** Requests under way at once: servers limit by address. */
const AT_ONCE = 4
/**
 * Larger ones are fetched alone, after the others, bytes: a blob is held in memory until it is proven, and
 * so no more is held than this for each of those at once, or one large blob.
 */
const LARGE = 8 * 1024 * 1024
/** Rows written in one transaction while a listing comes in. */
const ROWS = 500

interface Fetching {
  readonly storage: Storage
  readonly network: Network
  readonly pds: string
  readonly did: string
  readonly work: Work
  readonly retrying: RetryOptions
}

export interface FetchedBlobs {
  readonly fetched: number
  /** the server has them not */
  readonly missing: number
  /** refused: they are not what their CID says, or too large */
  readonly failed: number
}

/**
 * Fetches the blobs of a kept repo that are not here yet: those its records name and those its server
 * lists. Each is stored only when it is what its CID says; one that fails does not stop the others, and
 * whatever is stored stays when the work is stopped.
 *
 * @throws SyncError `sync.not-kept`; PdsError when the server is away or refuses the account
 */
export async function fetchBlobs(
  host: Host,
  endpoints: Endpoints,
  did: string,
  work: Work,
): Promise<FetchedBlobs> {
  const { storage } = host
  const row = await repoRow(storage, did)
  if (row === undefined) throw new SyncError('sync.not-kept', { did })
  if (row.pds === undefined) throw new PdsError('pds.no-pds', { did })
  work.report({ did, phase: 'blobs' })
  const retrying = { timers: host.timers, random: fraction(host), signal: work.signal, onWait: work.onWait }
  const fetching = { storage, network: networkOf(host, endpoints), pds: row.pds, did, work, retrying }
  try {
    await noteListing(fetching)
    return await fetchWanted(fetching)
  } catch (error) {
    const deleted = hasCode(error, 'storage.conflict') && (await repoRow(storage, did)) === undefined
    throw deleted ? new SyncError('sync.not-kept', { did }, { cause: error }) : error
  }
}

async function fetchWanted(fetching: Fetching): Promise<FetchedBlobs> {
  const { storage, did, work } = fetching
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
        const result = await fetchOne(fetching, cid, LARGE)
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
    const result = await fetchOne(fetching, cid, MAX_BLOB_BYTES)
    take(result === 'larger' ? { outcome: 'failed', bytes: 0 } : result)
  }
  const { fetched, missing, failed } = counts
  return { fetched, missing, failed }
}

interface Fetched {
  readonly outcome: 'fetched' | 'missing' | 'failed' | 'skipped'
  readonly bytes: number
}

/** `larger`: it has more than `maxBytes`, and may be asked for again with more. */
async function fetchOne(
  { storage, network, pds, did, work, retrying }: Fetching,
  cid: string,
  maxBytes: number,
): Promise<Fetched | 'larger'> {
  // A person may have skipped it since the list was made.
  const row = (await storage.get('blobs', blobKey(did, cid))) as BlobRow | undefined
  if (row === undefined || row.state === 'skipped') return { outcome: 'skipped', bytes: 0 }
  try {
    const get = () => getBlob(network, { pds, did, cid, signal: work.signal, maxBytes })
    const data = await withRetry(get, retrying)
    await changeBlob(storage, did, cid, { state: 'kept', bytes: data.length, imageType: imageTypeOf(data) }, [
      { type: 'put-bytes', key: blobBytesKey(did, cid), parts: [data] },
    ])
    return { outcome: 'fetched', bytes: data.length }
  } catch (error) {
    work.check()
    if (!(error instanceof PdsError) || stops(error)) throw error
    if (error.code === 'pds.too-large' && maxBytes < MAX_BLOB_BYTES) return 'larger'
    const state = error.code === 'pds.blob-missing' ? 'missing' : 'failed'
    await changeBlob(storage, did, cid, { state })
    return { outcome: state, bytes: 0 }
  }
}

/** The server is away or refuses us, not just this blob. */
function stops(error: CairnError): boolean {
  return (
    error.code.startsWith('pds.account-') ||
    hasCode(error, 'pds.network') ||
    hasCode(error, 'pds.rate-limited')
  )
}

/** Notes every blob that the server lists. One that cannot list still gives those that records name. */
async function noteListing({ storage, network, pds, did, work, retrying }: Fetching): Promise<void> {
  const run = <T>(page: () => Promise<T>): Promise<T> => withRetry(page, retrying)
  try {
    for await (const { cids } of listBlobs(network, { pds, did, signal: work.signal, run })) {
      work.check()
      const known = await storage.getMany(
        'blobs',
        cids.map((cid) => blobKey(did, cid)),
      )
      const ops = cids
        .filter((_, i) => known[i] === undefined)
        .map((cid): WriteOp => ({
          type: 'put',
          table: 'blobs',
          key: blobKey(did, cid),
          value: unknownBlob(cid),
        }))
      for (let i = 0; i < ops.length; i += ROWS) {
        await storage.write(ops.slice(i, i + ROWS), { durability: 'relaxed', guards: [ifKept(did)] })
      }
    }
  } catch (error) {
    work.check()
    const cannotList =
      hasCode(error, 'pds.http') || hasCode(error, 'pds.bad-response') || hasCode(error, 'pds.too-large')
    if (!cannotList) throw error
  }
}
