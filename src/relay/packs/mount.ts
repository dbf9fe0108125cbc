import { hash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import * as v from 'valibot'
import { PACK_MEDIA_TYPE } from '../../pack/media-type.ts'
import type { PackHandler, PackReply } from '../../sync/packs/handler.ts'
import { SCOPES_HEADER } from '../../sync/packs/http-client.ts'
import { refusalOf } from '../../sync/packs/refusal.ts'
import { scopesShape } from '../../sync/packs/request-shape.ts'
import { PackWireError } from '../../sync/packs/wire-errors.ts'
import { createSlots } from '../../sync/repo-sync/slots.ts'
import type { Mount } from '../http/handler.ts'
import { hasType, readBody } from './body.ts'
import { NOT_ALLOWED, NOT_JSON, sendBytes, sendEmpty, sendPreflight, sendRefusal } from './send.ts'

/** Requests under way at once, from one address and in all: each may hold a request and an answer. */
const SLOTS = { perPeer: 8, inAll: 32 }
const PATH = '/sync'
const CHUNKS = '/sync/chunks/'
const MAX_SCOPES_TEXT = 12 * 1024
/** Nobody is known over HTTP. */
const NOBODY = { peer: undefined }

export interface PacksMountOptions {
  /** undefined: this relay keeps nothing */
  readonly handler: PackHandler | undefined
  /** what limits count a client by */
  readonly clientOf: (request: IncomingMessage) => string
}

/**
 * `POST /sync`: a request for packs as JSON, answered by a pack; `GET /sync/chunks/{id}`: a snapshot's chunk. Open
 * to pages of any origin. What is refused is told as JSON, with the words of the format's error taxonomy.
 */
export function createPacksMount({ handler, clientOf }: PacksMountOptions): Mount {
  const slots = createSlots(SLOTS)

  const answer = async (
    packs: PackHandler,
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<void> => {
    const { method } = request
    if (url.pathname.startsWith(CHUNKS)) {
      if (method !== 'GET' && method !== 'HEAD')
        return sendRefusal(request, response, NOT_ALLOWED, { allow: 'GET, HEAD' })
      return chunk(packs, request, response, url)
    }
    if (method !== 'POST') return sendRefusal(request, response, NOT_ALLOWED, { allow: 'POST' })
    if (!hasType(request, 'application/json')) return sendRefusal(request, response, NOT_JSON)
    const body = await readBody(request)
    if (body === undefined) return void response.destroy()
    const reply = await packs.answer(body, NOBODY)
    if (reply.type === 'refused') return sendRefusal(request, response, reply)
    const { bytes, type } = reply
    const contentType = type === 'pack' ? PACK_MEDIA_TYPE : OCTETS
    await sendBytes(request, response, { contentType, bytes, compress: type === 'pack' })
  }

  return {
    prefix: PATH,
    route: 'sync',
    async handle(request, response, url) {
      const path = url.pathname
      if (path !== PATH && path !== `${PATH}/` && !path.startsWith(CHUNKS)) return false
      if (handler === undefined) {
        sendRefusal(request, response, refusalOf(new PackWireError('sync.no-such-chunk')))
        return true
      }
      if (request.method === 'OPTIONS') {
        sendPreflight(request, response, 'GET, HEAD, POST')
        return true
      }
      const free = slots.take(clientOf(request))
      try {
        if (free === undefined) throw new PackWireError('sync.too-busy')
        await answer(handler, request, response, url)
      } catch (error) {
        if (!(error instanceof PackWireError) || response.headersSent) throw error
        sendRefusal(request, response, refusalOf(error))
      } finally {
        free?.()
      }
      return true
    },
  }
}

const OCTETS = 'application/octet-stream'

async function chunk(
  packs: PackHandler,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const id = decoded(url.pathname.slice(CHUNKS.length))
  const reply: PackReply = await packs.chunk(id, readScopes(request, url), NOBODY)
  if (reply.type === 'refused') return sendRefusal(request, response, reply)
  const { bytes } = reply
  const sha256 = hash('sha256', bytes)
  const etag = `"sha256:${sha256}"`
  // Who has it needs nothing more; who may not have it has not come so far.
  const known = (request.headers['if-none-match'] ?? '').split(',')
  if (known.some((it) => it.trim().replace(/^W\//, '') === etag)) return sendEmpty(response, 304, { etag })
  const headers = { etag, 'x-sync-chunk-id': encodeURIComponent(id), 'x-sync-chunk-sha256': sha256 }
  await sendBytes(request, response, { contentType: OCTETS, bytes, headers, compress: false })
}

/** @throws PackWireError `sync.invalid-request` */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new PackWireError('sync.invalid-request', { reason: 'id' }, { cause })
  }
}

/** @throws PackWireError `sync.invalid-request` */
function readScopes(request: IncomingMessage, url: URL): Readonly<Record<string, string>> {
  const text = request.headers[SCOPES_HEADER.toLowerCase()] ?? url.searchParams.get('scopes')
  if (typeof text !== 'string' || text.length > MAX_SCOPES_TEXT)
    throw new PackWireError('sync.invalid-request', { reason: 'scopes' })
  try {
    return v.parse(scopesShape, JSON.parse(text))
  } catch (cause) {
    throw new PackWireError('sync.invalid-request', { reason: 'scopes' }, { cause })
  }
}
