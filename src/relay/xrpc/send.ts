import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'
import type { XrpcError } from './errors.ts'

/** What all answers carry: anyone may read public repos, from any page, and nothing here is a page. */
const COMMON: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'content-length, content-disposition, retry-after',
  'cross-origin-resource-policy': 'cross-origin',
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/** Sends an answer, at the pace of whoever reads it. Resolves when it is out, or when the client has gone. */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  idleMs: number,
): Promise<void> {
  if (answer.type === 'json') return sendJson(request, response, 200, answer.value)
  const { contentType, length, headers = {} } = answer
  response.writeHead(200, {
    ...COMMON,
    'content-type': contentType,
    ...(length === undefined ? {} : { 'content-length': length }),
    ...headers,
  })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  // One that takes nothing would hold its reads for ever.
  response.setTimeout(idleMs, () => response.destroy())
  for await (const chunk of answer.body()) {
    // Leaving the loop ends the reading from the disk too.
    if (gone(response)) return
    if (!response.write(chunk)) await room(response)
  }
  if (!gone(response)) response.end()
}

export function sendError(request: IncomingMessage, response: ServerResponse, error: XrpcError): void {
  const { status, error: name, message } = error
  const more: Readonly<Record<number, Readonly<Record<string, string>>>> = {
    405: { allow: 'GET, HEAD' },
    429: { 'retry-after': '1' },
  }
  sendJson(request, response, status, { error: name, message }, more[status])
}

/** A page of another origin may ask with whatever headers its client sets; they change nothing here. */
export function sendPreflight(request: IncomingMessage, response: ServerResponse): void {
  const asked = request.headers['access-control-request-headers']
  response
    .writeHead(204, {
      ...COMMON,
      'access-control-allow-methods': 'GET, HEAD',
      ...(asked === undefined ? {} : { 'access-control-allow-headers': asked }),
      'access-control-max-age': '86400',
      vary: 'access-control-request-headers',
    })
    .end()
}

function sendJson(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(JSON.stringify(value))
  response.writeHead(status, {
    ...COMMON,
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

const gone = (response: ServerResponse): boolean => response.destroyed || response.socket?.destroyed === true

/** Resolves when the client has taken what waited for it, or is gone. */
function room(response: ServerResponse): Promise<void> {
  if (gone(response)) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}
