import type { Clock } from '../core/clock.ts'
import { PdsError } from './errors.ts'

/** The error of an answer that says no in nothing but its status (and perhaps in words). */
export function httpError(
  host: string,
  status: number,
  headers: Headers,
  clock: Clock,
  words: { readonly error?: string | undefined; readonly message?: string | undefined } = {},
): PdsError {
  if (status === 429) {
    return new PdsError('pds.rate-limited', { host, retryAfter: retryAfter(headers, clock.now()) })
  }
  // 501 is for good: the server does not know the method
  const retriable = status >= 500 ? status !== 501 : status === 408 || status === 425
  return new PdsError('pds.http', { host, status, error: words.error, message: words.message, retriable })
}

/**
 * What a 429 asks for, ms from `now`: `Retry-After` (RFC 9110: seconds or a date), else
 * `RateLimit-Reset` (a PDS sends seconds since the epoch, the IETF draft says seconds from now).
 * Undefined when it says nothing that can be read, or when a browser was not allowed to see it.
 */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const after = headers.get('retry-after')
  const reset = headers.get('ratelimit-reset')
  if (after !== null) {
    const ms = /^\d{1,9}$/.test(after.trim()) ? Number(after) * 1000 : Date.parse(after) - now
    if (Number.isFinite(ms)) return Math.max(0, ms)
  }
  if (reset === null || !/^\d{1,12}$/.test(reset.trim())) return undefined
  const seconds = Number(reset)
  // a delay of a billion seconds is no delay: it is a date
  return Math.max(0, seconds > 1_000_000_000 ? seconds * 1000 - now : seconds * 1000)
}
