import { type CairnError, hasCode } from '../core/errors.ts'
import { getBlob, listBlobs, MAX_BLOB_BYTES } from '../pds/blobs.ts'
import { PdsError } from '../pds/errors.ts'
import type { Network } from '../pds/network.ts'
import { type RetryOptions, withRetry } from '../pds/retry.ts'
import type { Storage } from '../storage/port.ts'
import { type FetchedBlobs, type GotBlob, takeWanted } from './blob-queue.ts'
import { noteBlobs } from './blob-rows.ts'
import { SyncError } from './errors.ts'
import { type Endpoints, fraction, type Host, networkOf } from './host.ts'
import { repoRow } from './kept.ts'
import type { Work } from './work.ts'

export type { BlobRow } from './blob-rows.ts'
export type { FetchedBlobs } from './blob-queue.ts'

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
    return await takeWanted({ storage, did, work, get: (cid, most) => askServer(fetching, cid, most) })
  } catch (error) {
    const deleted = hasCode(error, 'storage.conflict') && (await repoRow(storage, did)) === undefined
    throw deleted ? new SyncError('sync.not-kept', { did }, { cause: error }) : error
  }
}

/** What the server has of one blob; whatever is wrong with it alone does not stop the others. */
async function askServer(
  { network, pds, did, work, retrying }: Fetching,
  cid: string,
  maxBytes: number,
): Promise<GotBlob> {
  try {
    return await withRetry(() => getBlob(network, { pds, did, cid, signal: work.signal, maxBytes }), retrying)
  } catch (error) {
    work.check()
    if (!(error instanceof PdsError) || stops(error)) throw error
    if (error.code === 'pds.too-large' && maxBytes < MAX_BLOB_BYTES) return 'larger'
    return error.code === 'pds.blob-missing' ? 'missing' : 'failed'
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
      const all = [...new Set(cids)]
      for (let i = 0; i < all.length; i += ROWS) await noteBlobs(storage, did, all.slice(i, i + ROWS))
    }
  } catch (error) {
    work.check()
    const cannotList =
      hasCode(error, 'pds.http') || hasCode(error, 'pds.bad-response') || hasCode(error, 'pds.too-large')
    if (!cannotList) throw error
  }
}
