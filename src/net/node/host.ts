import type { Timers } from '../../core/timers.ts'
import type { Clock } from '../../core/clock.ts'

/** What a node needs of where it runs: time and chance, so that tests own both. */
export interface NodeHost {
  readonly timers: Timers
  readonly clock: Clock
  /** uniform in [0, 1) */
  readonly random: () => number
}

/**
 * Runs something under a deadline: its signal aborts after `ms`, or when `outer` does, and this rejects with
 * the reason then, whether it heeds the signal or not.
 */
export async function within<T>(
  timers: Timers,
  ms: number,
  outer: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const cancel = timers.after(ms, () => late.abort(new DOMException('too late', 'TimeoutError')))
  const signal = outer === undefined ? late.signal : AbortSignal.any([outer, late.signal])
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    signal.throwIfAborted()
    return await Promise.race([run(signal), promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
    cancel()
  }
}
