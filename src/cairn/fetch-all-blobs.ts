import { hasCode } from '../core/errors.ts'
import { fetchBlobs, type FetchedBlobs } from '../sync/blobs.ts'
import type { Endpoints, Host } from '../sync/host.ts'
import type { PeerBlobs } from '../sync/peers/model.ts'
import type { Work } from '../sync/work.ts'
import { isNobodyElse, isOutOfReach } from './out-of-reach.ts'

/** Blobs that came, those of them that came from peers, and those that nobody gave. */
export interface AllBlobs extends FetchedBlobs {
  readonly fromPeers: number
  /** the one that gave them; undefined when it was nobody, or more than one */
  readonly peer?: string
}

/**
 * Fetches the blobs of a kept repo that are wanted: from the account's server when that is there, and what it
 * does not give from peers, wherever there are any. What nobody has stays wanted.
 *
 * @throws as `fetchBlobs` when the server is out of reach and nobody else has the repo; NetError when peers
 * that have it could not give anything either
 */
export async function fetchAllBlobs(
  host: Host,
  endpoints: Endpoints,
  did: string,
  work: Work,
  fromPeers: ((did: string, work: Work) => Promise<PeerBlobs>) | undefined,
): Promise<AllBlobs> {
  let server: FetchedBlobs | undefined
  let failure: unknown
  try {
    server = await fetchBlobs(host, endpoints, did, work)
  } catch (error) {
    if (fromPeers === undefined || !isOutOfReach(error)) throw error
    failure = error
  }
  work.check()
  const alone: AllBlobs | undefined = server && { ...server, fromPeers: 0 }
  if (fromPeers === undefined || (server !== undefined && server.missing + server.failed === 0)) {
    if (alone === undefined) throw failure
    return alone
  }
  try {
    const { fetched, missing, failed, from } = await fromPeers(did, work)
    const [peer, ...others] = from
    return {
      ...{ fetched: (server?.fetched ?? 0) + fetched, missing, failed, fromPeers: fetched },
      ...(peer === undefined || others.length > 0 ? {} : { peer }),
    }
  } catch (error) {
    work.check()
    // The repo is gone, whoever was asked.
    if (hasCode(error, 'sync.not-kept')) throw error
    if (alone !== undefined) return alone
    throw isNobodyElse(error) ? failure : error
  }
}
