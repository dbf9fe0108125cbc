import { asStream } from '../../core/chunk-reader.ts'
import { checkUrl } from '../addresses.ts'
import { guardBody } from '../body.ts'
import { PdsError, throwIfCancelled } from '../errors.ts'
import type { Network } from '../network.ts'
import { FIRST_BYTE_TIMEOUT, IDLE_TIMEOUT } from '../request.ts'

/** Above any answer to a signed-in call; repos and blobs come by other ways, bytes. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024
/** What an upload may be slow by, on a poor line, bytes a second. */
const UPLOAD_RATE = 20_000
/** Statuses that have no body, for which none can be made. */
const BODILESS = new Set([101, 103, 204, 205, 304])

/** `fetch` as clients of others call it. */
export type StandardFetch = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>

/**
 * A `fetch` for clients that come with their own requests: it goes only to allowed addresses, follows no redirect
 * (a token must not travel on), is bounded in time and in bytes, and sends no cookies and no referrer. Errors, also
 * while the body is read: `pds.address-refused`, `pds.network`, `pds.timeout`, `pds.stalled`, `pds.too-large`,
 * `pds.cancelled`.
 */
export function guardedFetch(network: () => Promise<Network>): StandardFetch {
  return async (input, init) => {
    const { fetch, timers, clock, allowLocal } = await network()
    const request = new Request(input, init)
    const url = checkUrl(request.url, allowLocal)
    const body = request.method === 'GET' || request.method === 'HEAD' ? undefined : await request.blob()
    throwIfCancelled(request.signal)
    const ms = FIRST_BYTE_TIMEOUT + Math.ceil((body?.size ?? 0) / UPLOAD_RATE) * 1000
    const controller = new AbortController()
    const abort = (): void => controller.abort()
    let late = false
    const clear = timers.after(ms, () => {
      late = true
      abort()
    })
    request.signal.addEventListener('abort', abort, { once: true })
    try {
      const response = await fetch(url.href, {
        method: request.method,
        headers: Object.fromEntries(request.headers),
        ...(body === undefined || body.size === 0 ? {} : { body }),
        redirect: request.redirect === 'manual' ? 'manual' : 'error',
        signal: controller.signal,
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        cache: 'no-store',
      })
      const { status, statusText, headers } = response
      // a redirect that was not followed has no status that a response can be made of
      if (BODILESS.has(status) || response.type === 'opaqueredirect') return response
      const guarded = guardBody(response.body, {
        host: url.host,
        timers,
        clock,
        idleMs: IDLE_TIMEOUT,
        totalMs: undefined,
        maxBytes: MAX_ANSWER_BYTES,
        signal: request.signal,
      })
      return new Response(asStream(guarded), { status, statusText, headers })
    } catch (cause) {
      throwIfCancelled(request.signal)
      if (late) throw new PdsError('pds.timeout', { host: url.host, ms }, { cause })
      throw new PdsError('pds.network', { host: url.host, retriable: true, bytes: 0 }, { cause })
    } finally {
      clear()
      request.signal.removeEventListener('abort', abort)
    }
  }
}
