import { NetError } from '../errors.ts'
import type { Timers } from '../../core/timers.ts'

/**
 * Runs `run` under a signal of its own and waits for it at most `ms`. Ends at once when the time is up or
 * `signal` aborts, whether `run` heeds its signal or not; what it still gives then goes to `late`.
 *
 * @throws NetError `net.timeout`, `net.cancelled`; what `run` throws
 */
export function withDeadline<T>(
  timers: Timers,
  ms: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
  late?: (value: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const inner = new AbortController()
    let over = false
    const end = (): boolean => {
      if (over) return false
      over = true
      clear()
      signal.removeEventListener('abort', onAbort)
      return true
    }
    const fail = (error: NetError): void => {
      if (!end()) return
      reject(error)
      inner.abort(error)
    }
    const onAbort = (): void => fail(new NetError('net.cancelled', {}, { cause: signal.reason }))
    const clear = timers.after(ms, () => fail(new NetError('net.timeout', { ms })))
    if (signal.aborted) {
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort, { once: true })
    run(inner.signal).then(
      (value) => {
        if (end()) resolve(value)
        else late?.(value)
      },
      (error: unknown) => {
        if (end()) reject(error)
      },
    )
  })
}
