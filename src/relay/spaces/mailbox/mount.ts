import type { IncomingMessage, ServerResponse } from 'node:http'
import { fromHex } from '../../../core/bytes.ts'
import { CairnError } from '../../../core/errors.ts'
import { PackWireError } from '../../../sync/packs/wire-errors.ts'
import { createSlots } from '../../../sync/repo-sync/slots.ts'
import type { Mount } from '../../http/handler.ts'
import type { RateLimit } from '../../http/rate-limit.ts'
import { readBody } from '../../packs/body.ts'
import { sendBytes, sendEmpty, sendPreflight } from '../../packs/send.ts'
import { MailboxError, type MailboxErrorCode } from './errors.ts'
import { LONGEST, MAX_CAPABILITY, MAX_RECOVERY, MAX_USES } from './limits.ts'
import type { Mailbox, PutInput } from './mailbox.ts'

/** Requests under way at once, from one address and in all. */
const SLOTS = { perPeer: 8, inAll: 64 }
const PATH = '/join/'
const PLACE = /^[0-9a-f]{64}$/
const OWNER = /^[0-9a-f]{64}$/
const METHODS = 'GET, PUT, DELETE'

export interface MailboxMountOptions {
  /** undefined: this relay keeps nothing */
  readonly mailbox: Mailbox | undefined
  /** what limits count a client by */
  readonly clientOf: (request: IncomingMessage) => string
  readonly rate: RateLimit
  readonly limited: (limit: string) => void
  /** ms */
  readonly now: () => number
}

/**
 * `/join/{place}`: see `docs/relay.md`. Open to pages of any origin. What is refused is told as JSON,
 * `{ reason }`. The place stands in the path alone, which is written into no log.
 */
export function createMailboxMount(options: MailboxMountOptions): Mount {
  const { mailbox, clientOf } = options
  const slots = createSlots(SLOTS)

  const answer = async (
    box: Mailbox,
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    by: string,
  ): Promise<void> => {
    const place = url.pathname.slice(PATH.length)
    if (!PLACE.test(place)) throw new Refused(400, 'place')
    switch (request.method) {
      case 'PUT': {
        const head = readHead(request, options.now())
        const body = await readBody(request, head.kind === 'recovery' ? MAX_RECOVERY : MAX_CAPABILITY)
        if (body === undefined) return void response.destroy()
        if (body.length === 0) throw new Refused(400, 'body')
        const done = await box.put(place, { ...head, body, by })
        return sendEmpty(response, done === 'made' ? 201 : 204)
      }
      case 'DELETE':
        await box.revoke(place, ownerOf(request))
        return sendEmpty(response, 204)
      case 'GET': {
        if (url.searchParams.get('fetched') !== '1')
          return sendBytes(request, response, {
            contentType: 'application/octet-stream',
            bytes: await box.fetch(place),
            compress: false,
          })
        const { count, lastAt } = await box.receipt(place, ownerOf(request))
        const told = { fetched: count, lastAt: lastAt === 0 ? null : lastAt }
        return sendJson(request, response, 200, told)
      }
      default:
        throw new Refused(405, 'method', { allow: METHODS })
    }
  }

  return {
    prefix: PATH,
    route: 'join',
    async handle(request, response, url) {
      if (request.method === 'OPTIONS') {
        sendPreflight(request, response, METHODS)
        return true
      }
      const client = clientOf(request)
      const wait = options.rate.take(client)
      const free = wait > 0 ? undefined : slots.take(client)
      try {
        if (mailbox === undefined) throw new Refused(404, 'not-kept')
        if (free === undefined) {
          options.limited('joinRequestsPerMinutePerAddress')
          throw new Refused(429, 'too-many', { 'retry-after': String(Math.max(1, wait)) })
        }
        await answer(mailbox, request, response, url, client)
      } catch (error) {
        const refused = refusedFor(error)
        if (refused === undefined || response.headersSent) throw error
        await sendJson(request, response, refused.status, { reason: refused.reason }, refused.headers)
      } finally {
        free?.()
      }
      return true
    },
  }
}

class Refused extends CairnError {
  readonly status: number
  readonly reason: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, reason: string, headers: Readonly<Record<string, string>> = {}) {
    super('mailbox.refused', { reason })
    this.status = status
    this.reason = reason
    this.headers = headers
  }
}

const STATUS: Readonly<Record<MailboxErrorCode, number>> = {
  'mailbox.unknown': 404,
  'mailbox.not-owner': 403,
  'mailbox.revoked': 410,
  'mailbox.expired': 410,
  'mailbox.used-up': 410,
  'mailbox.too-many': 429,
  'mailbox.full': 507,
}

function refusedFor(error: unknown): Refused | undefined {
  if (error instanceof Refused) return error
  // What reading a body throws: it is too long.
  if (error instanceof PackWireError) return new Refused(413, 'size')
  if (!(error instanceof MailboxError)) return undefined
  // Only this room makes them, with the codes of the type.
  const code = error.code as MailboxErrorCode
  return new Refused(
    STATUS[code],
    code.slice('mailbox.'.length),
    code === 'mailbox.too-many' ? { 'retry-after': '3600' } : {},
  )
}

function ownerOf({ headers }: IncomingMessage): Uint8Array {
  const text = headers['x-cairn-owner']
  const owner = typeof text === 'string' && OWNER.test(text) ? fromHex(text) : undefined
  if (owner === undefined) throw new Refused(400, 'owner')
  return owner
}

function readHead(request: IncomingMessage, now: number): Omit<PutInput, 'body' | 'by'> {
  const kind = request.headers['x-cairn-kind']
  if (kind !== undefined && kind !== 'recovery' && kind !== 'capability') throw new Refused(400, 'kind')
  const expires = readCount(request, 'x-cairn-expires', 'expires')
  if (expires !== null && (expires <= now || expires > now + LONGEST)) throw new Refused(400, 'expires')
  const uses = readCount(request, 'x-cairn-uses', 'uses')
  if (uses !== null && (uses === 0 || uses > MAX_USES)) throw new Refused(400, 'uses')
  return { owner: ownerOf(request), kind: kind ?? 'capability', expires, uses }
}

/** A header of digits alone; null when it is absent. */
function readCount({ headers }: IncomingMessage, name: string, reason: string): number | null {
  const text = headers[name]
  if (text === undefined) return null
  const number = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number)) throw new Refused(400, reason)
  return number
}

function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  value: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  return sendBytes(request, response, {
    status,
    contentType: 'application/json; charset=utf-8',
    bytes: Buffer.from(`${JSON.stringify(value)}\n`),
    headers: {
      // What is left of a request that was not read would be taken for the next one.
      ...(request.complete || request.method === 'GET' ? {} : { connection: 'close' }),
      ...headers,
    },
    compress: false,
  })
}
