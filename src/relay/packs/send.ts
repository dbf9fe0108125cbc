import type { IncomingMessage, ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Refusal, writeRefusal } from '../../sync/packs/refusal.ts'

const toGzip = promisify(gzip)

/** Below this many bytes a packet is sent either way; compressing buys nothing. */
const SMALLEST_WORTH = 1024
/** Quick, and within some percent of the best. */
const LEVEL = 5
/** A client that takes nothing of an answer for so long is let go, ms. */
const IDLE = 60_000

/** What all answers carry: pages of any origin may use a store, and nothing here is a page. */
const COMMON: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'etag, location, retry-after, upload-code, upload-length, upload-offset, upload-status, ' +
    'x-sync-chunk-id, x-sync-chunk-sha256',
  'cross-origin-resource-policy': 'cross-origin',
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

export interface Sent {
  /** 200 unless told */
  readonly status?: number
  readonly contentType: string
  readonly bytes: Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  /** false for what is compressed as it is */
  readonly compress: boolean
}

/** Sends an answer, gzipped when the client takes that and it is worth it. */
export async function sendBytes(
  request: IncomingMessage,
  response: ServerResponse,
  { status = 200, contentType, bytes, headers = {}, compress }: Sent,
): Promise<void> {
  const isPacked = compress && bytes.length >= SMALLEST_WORTH && takesGzip(request)
  const body = isPacked ? await toGzip(bytes, { level: LEVEL }) : bytes
  response.setTimeout(IDLE, () => response.destroy())
  response.writeHead(status, {
    ...COMMON,
    'content-type': contentType,
    'content-length': body.length,
    ...(compress ? { vary: 'accept-encoding' } : {}),
    ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** What is said in place of an answer, and the status for it. */
export interface Refused {
  readonly status: number
  readonly refusal: Refusal
}

const INVALID = {
  error: 'sync.invalid_request',
  category: 'invalid-request',
  retryable: false,
  recommendedAction: 'fixRequest',
} as const
const invalid = (status: number, message: string): Refused => ({ status, refusal: { ...INVALID, message } })
export const NOT_ALLOWED = invalid(405, 'Another method is needed.')
export const NOT_JSON = invalid(415, 'The body has to be application/json.')
export const NOT_OCTETS = invalid(415, 'The body has to be application/offset+octet-stream.')

export function sendRefusal(
  request: IncomingMessage,
  response: ServerResponse,
  { status, refusal }: Refused,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = writeRefusal(refusal)
  response.writeHead(status, {
    ...COMMON,
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    ...(refusal.retryable ? { 'retry-after': '1' } : {}),
    // What is left of a request that was not read would be taken for the next one.
    ...(request.complete || request.method === 'GET' || request.method === 'HEAD'
      ? {}
      : { connection: 'close' }),
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** Nothing but a status. */
export function sendEmpty(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...COMMON, ...headers }).end()
}

/** A page of another origin may ask with whatever headers its client sets; they change nothing here. */
export function sendPreflight(request: IncomingMessage, response: ServerResponse, methods: string): void {
  const asked = request.headers['access-control-request-headers']
  sendEmpty(response, 204, {
    'access-control-allow-methods': methods,
    ...(asked === undefined ? {} : { 'access-control-allow-headers': asked }),
    'access-control-max-age': '86400',
    vary: 'access-control-request-headers',
  })
}

/** The encoding is named, and not with a quality of nothing. */
function takesGzip(request: IncomingMessage): boolean {
  return (request.headers['accept-encoding'] ?? '')
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .some((part) => /^(gzip|x-gzip|\*)(\s*;.*)?$/.test(part) && !/;\s*q=0(\.0*)?$/.test(part))
}
