import type { CairnError } from '../core/errors.ts'

/**
 * Waits for work that others wait for too, no longer than the signal says: the work itself goes on.
 *
 * @param cancelled the error of who stops waiting
 */
export async function unlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  cancelled: () => CairnError,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(cancelled())
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
