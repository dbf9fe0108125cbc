import { checkUrl } from './addresses.ts'
import type { ChunkReader } from '../core/chunk-reader.ts'
import { collect, guardBody } from './body.ts'
import { PdsError, throwIfCancelled } from './errors.ts'
import type { Network } from './network.ts'

/** A directory or PDS under load answers within seconds; a person waits no longer than this, ms. */
export const FIRST_BYTE_TIMEOUT = 20_000
/** A PDS that reads a large repo from a slow disk pauses for some seconds; longer is a stall, ms. */
export const IDLE_TIMEOUT = 30_000
/** Far above any honest JSON answer here (a page of 1,000 CIDs is 66 KB, a long PLC log some MB). */
const MAX_JSON_BYTES = 8 * 1024 * 1024
/** An answer of JSON that takes longer than this to arrive is not worth the wait, ms. */
export const JSON_TIMEOUT = 60_000
/** As browsers and curl limit them in spirit; honest hosts need one or two. */
const MAX_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])

export interface GetOptions {
  readonly signal?: AbortSignal | undefined
  readonly accept?: string
  /** ms until the answer's head must be here */
  readonly firstByteMs?: number
  /** ms of waiting without progress in the body */
  readonly idleMs?: number
  /** ms for the whole body */
  readonly totalMs?: number
  /** bytes of the body */
  readonly maxBytes?: number
}

export interface Answer {
  /** where it came from after redirects */
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  /** guarded: see `guardBody`; must be read or cancelled */
  readonly body: ChunkReader
}

/**
 * One GET, bounded in time and bytes, that goes only to allowed addresses. Never sends credentials,
 * cookies or a referrer. Any status is an answer. Errors: `pds.address-refused`, `pds.timeout`,
 * `pds.network`, `pds.cancelled`; from the body also `pds.stalled` and `pds.too-large`.
 */
export async function get(network: Network, input: string | URL, options: GetOptions = {}): Promise<Answer> {
  let url = checkUrl(input, network.allowLocal)
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const { response, abort } = await begin(network, url, options, 'manual')
    if (response.type === 'opaqueredirect') {
      abort()
      // a browser hides where a redirect leads: let it follow, then check where that ended
      const followed = await begin(network, url, options, 'follow')
      const end = refuseUnless(followed, network.allowLocal)
      return toAnswer(network, end, followed.response, options)
    }
    if (!REDIRECTS.has(response.status)) return toAnswer(network, url, response, options)
    abort()
    const location = response.headers.get('location')
    if (location === null || !URL.canParse(location, url)) {
      throw new PdsError('pds.bad-response', { host: url.host, reason: 'redirect' })
    }
    url = checkUrl(new URL(location, url), network.allowLocal)
  }
  throw new PdsError('pds.bad-response', { host: url.host, reason: 'too-many-redirects' })
}

/** A GET whose body is at most `maxBytes` (8 MiB unless told) of JSON. Any status is an answer. */
export async function getJson(
  network: Network,
  input: string | URL,
  options: GetOptions = {},
): Promise<{ status: number; headers: Headers; url: URL; json: unknown }> {
  const defaults = { accept: 'application/json', maxBytes: MAX_JSON_BYTES, totalMs: JSON_TIMEOUT }
  const answer = await get(network, input, { ...defaults, ...options })
  const bytes = await collect(answer.body)
  return { status: answer.status, headers: answer.headers, url: answer.url, json: parseJson(bytes) }
}

/** Stands for a body that was not JSON, so that a caller may look at the status first. */
export const NOT_JSON: unique symbol = Symbol('not JSON')

/** The JSON of these bytes, or `NOT_JSON`. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return NOT_JSON
  }
}

interface Begun {
  readonly response: Response
  /** ends the connection */
  readonly abort: () => void
}

async function begin(
  network: Network,
  url: URL,
  options: GetOptions,
  redirect: 'manual' | 'follow',
): Promise<Begun> {
  throwIfCancelled(options.signal)
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  const ms = options.firstByteMs ?? FIRST_BYTE_TIMEOUT
  let late = false
  const clear = network.timers.after(ms, () => {
    late = true
    abort()
  })
  options.signal?.addEventListener('abort', abort, { once: true })
  // called bare: a browser's own fetch refuses to be called as a method of anything else
  const { fetch } = network
  try {
    const response = await fetch(url.href, {
      method: 'GET',
      headers: { accept: options.accept ?? '*/*' },
      redirect,
      signal: controller.signal,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
    })
    return { response, abort }
  } catch (cause) {
    throwIfCancelled(options.signal)
    if (late) throw new PdsError('pds.timeout', { host: url.host, ms }, { cause })
    throw new PdsError('pds.network', { host: url.host, retriable: true, bytes: 0 }, { cause })
  } finally {
    clear()
    // from here on the body's guard listens to the caller's signal
    options.signal?.removeEventListener('abort', abort)
  }
}

function refuseUnless(begun: Begun, allowLocal: boolean): URL {
  try {
    return checkUrl(begun.response.url, allowLocal)
  } catch (error) {
    begun.abort()
    throw error
  }
}

function toAnswer(network: Network, url: URL, response: Response, options: GetOptions): Answer {
  const body = guardBody(response.body, {
    host: url.host,
    timers: network.timers,
    clock: network.clock,
    idleMs: options.idleMs ?? IDLE_TIMEOUT,
    totalMs: options.totalMs,
    maxBytes: options.maxBytes ?? Number.POSITIVE_INFINITY,
    signal: options.signal,
  })
  return { url, status: response.status, headers: response.headers, body }
}
