import { parseCid } from '../core/cid.ts'
import type { ChunkReader } from '../core/chunk-reader.ts'
import { isTid } from '../core/syntax.ts'
import { PdsError } from './errors.ts'
import type { Network } from './network.ts'
import type { Answer, GetOptions } from './request.ts'
import { statusOfError, type UpstreamStatus } from './status.ts'
import { queryJson, queryStream } from './xrpc.ts'

/** CIDs that one `getBlocks` may name: 64 of them keep the URL under 5 KB, which every server takes. */
export const MAX_BLOCKS_PER_REQUEST = 64
/** A head or a status is a few hundred bytes. */
const MAX_SMALL_JSON = 64 * 1024

export interface RepoStream {
  /** CAR bytes, unproven; errors are those of `guardBody`. Read or cancel it. */
  readonly body: ChunkReader
  /**
   * When the server says. A claim, for progress only: between origins a browser hides whether it is
   * the length of a compressed form, so more may come.
   */
  readonly totalBytes: number | undefined
}

export interface RepoRequest {
  /** origin of the PDS */
  readonly pds: string
  readonly did: string
  readonly signal?: AbortSignal | undefined
  readonly firstByteMs?: number
  readonly idleMs?: number
}

/**
 * `com.atproto.sync.getRepo`: the repo's CAR as a stream, whole, or what changed after the rev
 * `since`. There are no ranges: a broken transfer begins again. `maxBytes` ends it with
 * `pds.too-large`. Errors: `pds.account-*`, `pds.rate-limited`, `pds.http` and those of `get`.
 */
export async function getRepo(
  network: Network,
  request: RepoRequest & { readonly since?: string | undefined; readonly maxBytes?: number },
): Promise<RepoStream> {
  const { pds, did, since } = request
  // a PDS answers 500 to a `since` that is no TID
  if (since !== undefined && !isTid(since)) throw new RangeError('since must be a TID')
  const options = { ...optionsOf(request), accept: 'application/vnd.ipld.car' }
  const query = { service: pds, method: 'com.atproto.sync.getRepo', params: { did, since } }
  const answer = await queryStream(network, query, options)
  return await toStream(answer, request.maxBytes)
}

/**
 * `com.atproto.sync.getBlocks`: a CAR of the named blocks, at most `MAX_BLOCKS_PER_REQUEST`. A server
 * answers with an error when it lacks any one of them. Errors as `getRepo`.
 */
export async function getBlocks(
  network: Network,
  request: RepoRequest & { readonly cids: readonly string[]; readonly maxBytes?: number },
): Promise<RepoStream> {
  const { pds, did, cids } = request
  if (cids.length === 0 || cids.length > MAX_BLOCKS_PER_REQUEST) throw new RangeError('1 to 64 CIDs')
  const options = { ...optionsOf(request), accept: 'application/vnd.ipld.car' }
  const query = { service: pds, method: 'com.atproto.sync.getBlocks', params: { did, cids } }
  return await toStream(await queryStream(network, query, options), request.maxBytes)
}

/**
 * `com.atproto.sync.getLatestCommit`. Only a hint of whether anything changed: on real servers its
 * rev can differ from the signed one, which is the truth. Errors as `getRepo`, and `pds.bad-response`.
 */
export async function getLatestCommit(
  network: Network,
  request: RepoRequest,
): Promise<{ readonly cid: string; readonly rev: string }> {
  const { pds, did } = request
  const query = { service: pds, method: 'com.atproto.sync.getLatestCommit', params: { did } }
  const { cid, rev } = await queryJson(network, query, { ...optionsOf(request), maxBytes: MAX_SMALL_JSON })
  if (typeof cid !== 'string' || parseCid(cid) === undefined || typeof rev !== 'string' || !isTid(rev)) {
    throw new PdsError('pds.bad-response', { host: new URL(pds).host, reason: 'commit' })
  }
  return { cid, rev }
}

/** States that a server names when an account is not active (`com.atproto.sync.getRepoStatus`). */
const STATES = ['takendown', 'suspended', 'deleted', 'deactivated'] as const satisfies UpstreamStatus[]

/**
 * `com.atproto.sync.getRepoStatus`, made into what is known of the account. Never fails but with
 * `pds.cancelled`: a server that is away is `unreachable`, one that does not know the method `unknown`.
 */
export async function getRepoStatus(
  network: Network,
  request: RepoRequest,
): Promise<{ readonly status: UpstreamStatus; readonly rev: string | undefined }> {
  const { pds, did } = request
  const query = { service: pds, method: 'com.atproto.sync.getRepoStatus', params: { did } }
  try {
    const answer = await queryJson(network, query, { ...optionsOf(request), maxBytes: MAX_SMALL_JSON })
    const rev = typeof answer['rev'] === 'string' && isTid(answer['rev']) ? answer['rev'] : undefined
    if (answer['did'] !== did || typeof answer['active'] !== 'boolean')
      return { status: 'unknown', rev: undefined }
    if (answer['active']) return { status: 'active', rev }
    return { status: STATES.find((state) => state === answer['status']) ?? 'unknown', rev }
  } catch (error) {
    if (!(error instanceof PdsError) || error.code === 'pds.cancelled') throw error
    return { status: statusOfError(error), rev: undefined }
  }
}

async function toStream(answer: Answer, maxBytes: number | undefined): Promise<RepoStream> {
  const totalBytes = contentLength(answer.headers)
  if (maxBytes !== undefined && totalBytes !== undefined && totalBytes > maxBytes) {
    await answer.body.cancel()
    throw new PdsError('pds.too-large', { host: answer.url.host, limit: maxBytes })
  }
  return { body: answer.body, totalBytes }
}

/** The body's length; undefined when not said, or when it is that of a compressed form. */
function contentLength(headers: Headers): number | undefined {
  const text = headers.get('content-length')
  const encoding = headers.get('content-encoding') ?? 'identity'
  return text !== null && /^\d{1,15}$/.test(text) && encoding === 'identity' ? Number(text) : undefined
}

function optionsOf(request: RepoRequest & { readonly maxBytes?: number }): GetOptions {
  return { ...timingOf(request), ...(request.maxBytes === undefined ? {} : { maxBytes: request.maxBytes }) }
}

/** The parts of a request that say when to give up. */
export function timingOf({ signal, firstByteMs, idleMs }: RepoRequest): GetOptions {
  return {
    signal,
    ...(firstByteMs === undefined ? {} : { firstByteMs }),
    ...(idleMs === undefined ? {} : { idleMs }),
  }
}
