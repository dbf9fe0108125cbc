import { isRetriable, PdsError, retryAfterOf, throwIfCancelled } from './errors.ts'
import type { Timers } from '../core/timers.ts'

export interface RetryWait {
  /** the try that just failed, from 1 */
  readonly attempt: number
  readonly delayMs: number
  readonly error: unknown
}

export interface RetryOptions {
  readonly timers: Timers
  /** uniform in [0, 1) */
  readonly random: () => number
  readonly signal?: AbortSignal | undefined
  /** tries in all, at least 1 */
  readonly tries?: number
  readonly firstDelayMs?: number
  readonly maxDelayMs?: number
  /** told before each wait */
  readonly onWait?: (wait: RetryWait) => void
  /** what may be tried again; `isRetriable` unless told */
  readonly retriable?: (error: unknown) => boolean
}

/** Five tries with these delays span about 15 s: a restart of a PDS, a change of network. */
const TRIES = 5
const FIRST_DELAY = 1000
const MAX_DELAY = 60_000
/** A server that asks for a longer pause than this is left alone until the person tries again, ms. */
const MAX_RETRY_AFTER = 5 * 60_000

/**
 * Runs `run` until it succeeds, fails for good, or the tries are used up; then throws its last
 * error. The delay doubles from try to try and is drawn from its upper half, so that many devices do
 * not come back at once; a server's `retryAfter` is waited out in full. Aborting ends a wait at once
 * with `pds.cancelled`.
 */
export async function withRetry<T>(run: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const tries = Math.max(1, options.tries ?? TRIES)
  const retriable = options.retriable ?? isRetriable
  for (let attempt = 1; ; attempt++) {
    throwIfCancelled(options.signal)
    try {
      return await run(attempt)
    } catch (error) {
      const asked = retryAfterOf(error) ?? 0
      if (attempt >= tries || !retriable(error) || asked > MAX_RETRY_AFTER) throw error
      const ceiling = Math.min(
        options.maxDelayMs ?? MAX_DELAY,
        (options.firstDelayMs ?? FIRST_DELAY) * 2 ** (attempt - 1),
      )
      const delayMs = Math.max(asked, Math.round(ceiling * (0.5 + options.random() / 2)))
      options.onWait?.({ attempt, delayMs, error })
      await sleep(options.timers, delayMs, options.signal)
    }
  }
}

/** Resolves after `ms`; rejects with `pds.cancelled` as soon as `signal` aborts. */
function sleep(timers: Timers, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clear()
      reject(new PdsError('pds.cancelled', {}, { cause: signal?.reason }))
    }
    const clear = timers.after(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    if (signal?.aborted === true) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
  })
}
