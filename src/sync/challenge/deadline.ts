import type { CairnError } from '../../core/errors.ts'
import type { Timers } from '../../core/timers.ts'

/**
 * Runs `work`, which must be over after `ms`. Late, or cancelled by the signal, it rejects at once with the
 * error made for that; the work is then to be ended by whoever began it.
 */
export async function within<T>(
  timers: Timers,
  ms: number,
  options: {
    readonly onLate: () => CairnError
    readonly signal?: AbortSignal | undefined
    readonly onAbort?: () => CairnError
  },
  work: () => Promise<T>,
): Promise<T> {
  const { signal, onLate, onAbort = onLate } = options
  const over = Promise.withResolvers<never>()
  const abort = (): void => over.reject(onAbort())
  const clear = timers.after(ms, () => over.reject(onLate()))
  signal?.addEventListener('abort', abort)
  if (signal?.aborted === true) abort()
  try {
    return await Promise.race([over.promise, work()])
  } finally {
    clear()
    signal?.removeEventListener('abort', abort)
  }
}
