import type { IncomingMessage, ServerResponse } from 'node:http'
import { hasCode } from '../../../core/errors.ts'
import { PUSH_ERRORS } from '../../../sync/packs/push-results.ts'
import { PackWireError } from '../../../sync/packs/wire-errors.ts'
import { createSlots } from '../../../sync/repo-sync/slots.ts'
import type { Mount } from '../../http/handler.ts'
import { hasType, readBody } from '../body.ts'
import {
  NOT_ALLOWED,
  NOT_JSON,
  NOT_OCTETS,
  sendBytes,
  sendEmpty,
  sendPreflight,
  sendRefusal,
} from '../send.ts'
import { UploadError } from './errors.ts'
import { readPlan, UPLOAD_ID } from './folder.ts'
import { IDLE, PATIENCE } from './limits.ts'
import { uploadRefusal } from './refusals.ts'
import type { UploadBody, Uploads, UploadState } from './uploads.ts'

/** Requests under way at once, from one address and in all. */
const SLOTS = { perPeer: 8, inAll: 64 }
/** Of the request that begins an upload, bytes. */
const MAX_PLAN_BYTES = 4096
const PATH = '/sync/uploads'
const OCTETS = 'application/offset+octet-stream'
const JSON_TYPE = 'application/json; charset=utf-8'

export interface UploadsMountOptions {
  /** undefined: this relay keeps nothing */
  readonly uploads: Uploads | undefined
  /** what limits count a client by */
  readonly clientOf: (request: IncomingMessage) => string
  /** path under which clients know this relay, with a slash at the end */
  readonly basePath: string
}

/**
 * `POST /sync/uploads` and `/sync/uploads/{id}`: whole CARs that come in pieces, after the ideas of tus 1.0.
 * Whoever knows an id may go on with it: it is 128 bits by chance. Open to pages of any origin.
 */
export function createUploadsMount({ uploads, clientOf, basePath }: UploadsMountOptions): Mount {
  const slots = createSlots(SLOTS)

  const begin = async (
    all: Uploads,
    request: IncomingMessage,
    response: ServerResponse,
    client: string,
  ): Promise<void> => {
    if (request.method !== 'POST') return sendRefusal(request, response, NOT_ALLOWED, { allow: 'POST' })
    if (!hasType(request, 'application/json')) return sendRefusal(request, response, NOT_JSON)
    const body = await readBody(request, MAX_PLAN_BYTES)
    if (body === undefined) return void response.destroy()
    const plan = readPlan(parsed(body))
    if (plan === undefined) throw new PackWireError('sync.invalid-request', { reason: 'upload' })
    const state = await all.create(plan, client)
    const location = `${basePath}sync/uploads/${state.id}`
    await sendState(request, response, { status: 201, state, headers: { location } })
  }

  const goOn = async (
    all: Uploads,
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
  ): Promise<void> => {
    switch (request.method) {
      case 'GET':
      case 'HEAD':
        return sendState(request, response, { status: 200, state: all.state(id) })
      case 'DELETE':
        await all.remove(id)
        return sendEmpty(response, 204)
      case 'PATCH':
        return append(all, request, response, id)
      default:
        return sendRefusal(request, response, NOT_ALLOWED, { allow: 'GET, HEAD, PATCH, DELETE' })
    }
  }

  const answer = async (
    all: Uploads,
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    client: string,
  ): Promise<void> => {
    if (path === PATH) return begin(all, request, response, client)
    const id = path.slice(PATH.length + 1)
    if (!UPLOAD_ID.test(id)) throw new UploadError('upload.unknown')
    return goOn(all, request, response, id)
  }

  return {
    prefix: PATH,
    route: 'uploads',
    async handle(request, response, { pathname: path }) {
      if (path !== PATH && !path.startsWith(`${PATH}/`)) return false
      if (uploads !== undefined && request.method === 'OPTIONS') {
        sendPreflight(request, response, 'GET, HEAD, POST, PATCH, DELETE')
        return true
      }
      const client = clientOf(request)
      const free = slots.take(client)
      try {
        if (uploads === undefined) throw new UploadError('upload.unknown')
        if (free === undefined) throw new PackWireError('sync.too-busy')
        await answer(uploads, request, response, path, client)
      } catch (error) {
        const refused = uploadRefusal(error)
        if (refused === undefined || response.headersSent) throw error
        sendRefusal(request, response, refused, offsetOf(error))
      } finally {
        free?.()
      }
      return true
    },
  }
}

async function append(
  uploads: Uploads,
  request: IncomingMessage,
  response: ServerResponse,
  id: string,
): Promise<void> {
  const before = uploads.state(id)
  if (!hasType(request, OCTETS)) return sendRefusal(request, response, NOT_OCTETS)
  const offset = wholeNumber(request.headers['upload-offset'])
  if (offset === undefined) throw new PackWireError('sync.invalid-request', { reason: 'upload-offset' })
  const coming = wholeNumber(request.headers['content-length']) ?? 0
  if (offset === before.offset && coming > before.bytes - offset)
    throw new UploadError('upload.too-large', { limit: before.bytes })
  const after = await uploads.append(id, offset, bodyOf(request))
  // It broke off: nobody is there to be answered.
  if (!request.complete) return void response.destroy()
  if (after.outcome.status === 'receiving') return sendEmpty(response, 204, headersOf(after))
  await within(uploads.ended(id))
  const state = uploads.state(id)
  await sendState(request, response, { status: state.outcome.status === 'working' ? 202 : 200, state })
}

/** Resolves with the work, or when it takes long. */
async function within(work: Promise<void>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, PATIENCE)
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function bodyOf(request: IncomingMessage): UploadBody {
  const stop = (): void => void request.destroy()
  async function* parts(): AsyncGenerator<Uint8Array> {
    const timer = setTimeout(stop, IDLE)
    try {
      // What a request gives without an encoding is buffers. What is refused in the middle is still answered.
      for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        timer.refresh()
        yield part
      }
    } catch (error) {
      if (!request.destroyed) throw error
    } finally {
      clearTimeout(timer)
    }
  }
  return { parts: parts(), stop }
}

/** Digits alone, as a safe integer. */
function wholeNumber(text: string | readonly string[] | undefined): number | undefined {
  if (typeof text !== 'string' || !/^\d{1,16}$/.test(text)) return undefined
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : undefined
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return undefined
  }
}

function headersOf({ offset, bytes, outcome }: UploadState): Record<string, string> {
  return {
    'upload-offset': String(offset),
    'upload-length': String(bytes),
    'upload-status': outcome.status,
    ...('code' in outcome ? { 'upload-code': outcome.code } : {}),
  }
}

/** Where it goes on, for who said another place. */
function offsetOf(error: unknown): Record<string, string> {
  if (!hasCode(error, 'upload.wrong-offset')) return {}
  const { offset, bytes } = error.fields
  return { 'upload-offset': String(offset), 'upload-length': String(bytes) }
}

async function sendState(
  request: IncomingMessage,
  response: ServerResponse,
  told: {
    readonly status: number
    readonly state: UploadState
    readonly headers?: Readonly<Record<string, string>>
  },
): Promise<void> {
  const { id, did, bytes, offset, outcome } = told.state
  const reason = 'code' in outcome ? PUSH_ERRORS[outcome.code] : {}
  await sendBytes(request, response, {
    status: told.status,
    contentType: JSON_TYPE,
    bytes: Buffer.from(`${JSON.stringify({ id, did, bytes, offset, ...outcome, ...reason })}\n`),
    headers: { ...headersOf(told.state), ...told.headers },
    compress: false,
  })
}
