import { request as httpRequest } from 'node:http'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { NetError } from '../../net/errors.ts'
import type { Fetch } from '../../pds/network.ts'
import type { AddressGuard } from './addresses.ts'

/** As browsers and curl limit them in spirit. */
const MAX_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])
/** Answers that have no body (Fetch standard, null body status). */
const WITHOUT_BODY = new Set([101, 103, 204, 205, 304])

/**
 * A `fetch` for GET and HEAD that reaches public addresses only, checked after the name was resolved and
 * again at each redirect. `redirect: 'manual'` hands the redirect out; `error` refuses it; otherwise it
 * is followed. Answers come as they are sent: no compression is asked for.
 *
 * Rejects with `net.address-refused`, or as the system does (`ECONNREFUSED`, `ENOTFOUND`, abort reason).
 */
export function createGuardedFetch(guard: AddressGuard): Fetch {
  return async (input, init) => {
    let url = new URL(input)
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const response = await send(guard, url, init)
      const location = response.headers.get('location')
      if (!REDIRECTS.has(response.status) || location === null || init.redirect === 'manual') return response
      await response.body?.cancel()
      if (init.redirect === 'error') throw new TypeError(`${url.host} answers with a redirect`)
      url = new URL(location, url)
    }
    throw new TypeError(`${url.host} redirects more than ${MAX_REDIRECTS} times`)
  }
}

async function send(guard: AddressGuard, url: URL, init: RequestInit): Promise<Response> {
  const method = init.method ?? 'GET'
  if (method !== 'GET' && method !== 'HEAD') throw new TypeError(`method ${method} is not for this fetch`)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refused(url, 'scheme')
  // `lookup` is asked for names only.
  const reason = guard.refusal(url.hostname)
  if (reason !== undefined) throw refused(url, reason)
  const { signal } = init
  signal?.throwIfAborted()
  const answer = await open(url, {
    method,
    lookup: guard.lookup,
    // A socket of its own: one from a pool may have been made under another guard.
    agent: false,
    headers: { ...Object.fromEntries(new Headers(init.headers)), 'accept-encoding': 'identity' },
    ...(signal === null || signal === undefined ? {} : { signal }),
  })
  const status = answer.statusCode ?? 0
  if (status < 200 || status > 599) {
    answer.destroy()
    throw new TypeError(`${url.host} answers ${status}`)
  }
  const none = method === 'HEAD' || WITHOUT_BODY.has(status)
  if (none) answer.resume()
  // Both are the same standard's stream; Node's types and the DOM's differ in name only.
  const body = none ? null : (Readable.toWeb(answer) as unknown as ReadableStream<Uint8Array<ArrayBuffer>>)
  const response = new Response(body, {
    status,
    statusText: answer.statusMessage ?? '',
    headers: headersOf(answer),
  })
  Object.defineProperty(response, 'url', { value: url.href })
  return response
}

function open(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options, resolve)
    sent.on('error', reject)
    sent.end()
  })
}

function headersOf(answer: IncomingMessage): Headers {
  const headers = new Headers()
  for (const [name, values] of Object.entries(answer.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  return headers
}

const refused = (url: URL, reason: string): NetError =>
  new NetError('net.address-refused', { address: url.host, reason })
