import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSlots, type SlotLimits } from '../../sync/repo-sync/slots.ts'
import type { Store } from '../store/model.ts'
import { invalid, XrpcError } from './errors.ts'
import { readParams } from './params.ts'
import { repoMethods } from './repo-methods.ts'
import { sendAnswer, sendError, sendPreflight } from './send.ts'
import { type Method, syncMethods } from './sync-methods.ts'

/** Answers a request under `/xrpc/`; false when the path is another's and nothing was done. */
export type Xrpc = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<boolean>

export interface XrpcOptions {
  /** a client that takes nothing of an answer for so long is let go, ms; a minute unless told */
  readonly idleMs?: number
  readonly log?: (event: string, fields: Readonly<Record<string, unknown>>) => void
  /** what limits count a client by; all are one unless told */
  readonly clientOf?: (request: IncomingMessage) => string
  readonly long?: SlotLimits
}

const IDLE = 60_000
/** Longer answers, and those whose length nobody knows, are read from the disk as they are taken, bytes. */
const LONG = 256 * 1024
/** Long answers at once: each holds some 2 MB, for as long as its reader takes. */
const MOST_LONG_OF_CLIENT = 16
const MOST_LONG = 128
const PREFIX = '/xrpc/'
const methods: ReadonlyMap<string, Method> = new Map(Object.entries({ ...syncMethods, ...repoMethods }))

/**
 * The standard reads of the public repos that a store keeps, so that any atproto tool can back up from a relay
 * as from a PDS. GET and HEAD only, open to pages of any origin. What upstream says of an account
 * (deactivated, taken down) is passed on by `getRepoStatus` and `listRepos`; the copy is served all the same.
 *
 * Specs: atproto "HTTP API (XRPC)" and the lexicons of the methods. There is no `getBlocks`: no index leads
 * from a block's CID to its place.
 */
export function createXrpc(store: Store, options: XrpcOptions = {}): Xrpc {
  const { idleMs = IDLE, log = () => {}, clientOf = () => '' } = options
  const slots = createSlots(options.long ?? { perPeer: MOST_LONG_OF_CLIENT, inAll: MOST_LONG })

  const answer = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw new XrpcError(405, 'InvalidRequest', 'Only GET and HEAD')
    const name = url.pathname.slice(PREFIX.length)
    const method = methods.get(name)
    if (method === undefined) throw new XrpcError(501, 'MethodNotImplemented', 'Method not implemented')
    const found = await method(store, readParams(url.searchParams))
    if (found.type === 'json' || (found.length ?? LONG + 1) <= LONG || request.method === 'HEAD')
      return sendAnswer(request, response, found, idleMs)
    const leave = slots.take(clientOf(request))
    if (leave === undefined) throw new XrpcError(429, 'RateLimitExceeded', 'Too many downloads at once')
    try {
      await sendAnswer(request, response, found, idleMs)
    } finally {
      leave()
    }
  }

  return async (request, response, url) => {
    if (!url.pathname.startsWith(PREFIX)) return false
    if (request.method === 'OPTIONS') {
      sendPreflight(request, response)
      return true
    }
    try {
      await answer(request, response, url)
    } catch (error) {
      // Bytes are out: breaking off tells that they are not all.
      if (response.headersSent) response.destroy()
      else sendError(request, response, asXrpc(error))
      if (!(error instanceof XrpcError)) log('xrpc.failed', { path: url.pathname, error: String(error) })
    }
    return true
  }
}

function asXrpc(error: unknown): XrpcError {
  if (error instanceof XrpcError) return error
  // `URLSearchParams` never throws; what does is a disk, or a repo that went while it was read.
  return error instanceof RangeError
    ? invalid('The request makes no sense')
    : new XrpcError(500, 'InternalServerError', 'Something went wrong on this server')
}
