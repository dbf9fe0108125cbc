import * as v from 'valibot'
import { decodeMessage, encodeMessage } from '../../net/messages.ts'

/**
 * `/p2pds/repo-sync/1.0.0`: one repo over one stream, as p2pds nodes speak it.
 *
 * ```
 * request   one DAG-CBOR map { did, since? }, at most 64 KiB, then the asking side ends its half
 * response  one status byte, then (status 0 only) CAR v1 bytes, then the end
 * ```
 */
export const REPO_SYNC_PROTOCOL = '/p2pds/repo-sync/1.0.0'

/** The CAR follows. */
export const STATUS_OK = 0
/** The repo is not kept here, or not for this peer. */
export const STATUS_NOT_FOUND = 1
/** The request is none, or cannot be answered here and now. */
export const STATUS_ERROR = 2

/** Most bytes of a request. */
export const MAX_REQUEST_BYTES = 64 * 1024
/**
 * Most bytes of an answer: the nodes that this protocol comes from read no more and break off. A larger repo
 * is answered with {@link STATUS_ERROR}; between our own it travels in pages, under a protocol of its own.
 */
export const MAX_ANSWER_BYTES = 256 * 1024 * 1024

export interface RepoSyncRequest {
  readonly did: string
  /** rev of the head that the asking side holds */
  readonly since: string | undefined
}

/** The one canonical form; no `since` where there is none. */
export function encodeRequest({ did, since }: RepoSyncRequest): Uint8Array<ArrayBuffer> {
  return encodeMessage(since === undefined || since === '' ? { did } : { did, since })
}

const shape = v.object({ did: v.string(), since: v.optional(v.unknown()) })

/**
 * Reads a request. A `since` that is no text counts as none: the whole repo is always a right answer.
 *
 * @throws NetError `net.malformed`
 */
export function decodeRequest(bytes: Uint8Array, peer: string): RepoSyncRequest {
  const { did, since } = decodeMessage(bytes, shape, peer)
  return { did, since: typeof since === 'string' && since !== '' ? since : undefined }
}
