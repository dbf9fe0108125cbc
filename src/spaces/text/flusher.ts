import type { Timers } from '../../core/timers.ts'

/** ms after the first thing that is not stored, and bytes of it, at which it is stored. */
export const FLUSH_AFTER = 500
export const FLUSH_BYTES = 4096
/** Longest wait before a write that failed is tried again. */
const MOST_WAIT = 30_000

export interface Flusher {
  /** So many bytes more are to be stored. */
  typed(bytes: number): void
  /**
   * Resolves when all that was typed until now is stored.
   *
   * @throws what `write` throws
   */
  flush(): Promise<void>
  /** Ends the timer; what is not stored then is for a last `flush` before it. */
  close(): void
}

/**
 * Says when to store: 500 ms after the first keystroke that is not stored, or at 4 KB. One write runs at a time; what
 * is typed meanwhile goes with the next. A write that fails is tried again, later each time, and `failed` is told.
 */
export function createFlusher(options: {
  readonly timers: Timers
  /** stores all that there is to store at its start */
  readonly write: () => Promise<void>
  readonly failed: (error: unknown) => void
}): Flusher {
  const { timers, write, failed } = options
  let waiting = 0
  let wait = FLUSH_AFTER
  let cancel: (() => void) | undefined
  let running: Promise<void> | undefined
  let closed = false

  const stop = () => {
    cancel?.()
    cancel = undefined
  }
  const schedule = () => {
    if (closed || cancel !== undefined || running !== undefined || waiting === 0) return
    cancel = timers.after(wait, () => {
      cancel = undefined
      start()
    })
  }
  /** Owns the write: it is told when it fails, and never rejects. */
  const start = () => {
    run().catch(failed)
  }
  const run = (): Promise<void> => {
    stop()
    const taken = waiting
    waiting = 0
    running = write().then(
      () => {
        wait = FLUSH_AFTER
        running = undefined
        schedule()
      },
      (error: unknown) => {
        waiting += taken
        wait = Math.min(wait * 2, MOST_WAIT)
        running = undefined
        schedule()
        throw error
      },
    )
    return running
  }

  return {
    typed(bytes) {
      waiting += bytes
      if (waiting >= FLUSH_BYTES && wait === FLUSH_AFTER && running === undefined && !closed) start()
      else schedule()
    },
    async flush() {
      // What runs was begun before; whether it fails shows in `waiting`.
      while (running !== undefined) await running.catch(() => undefined)
      if (waiting > 0) await run()
    },
    close() {
      closed = true
      stop()
    },
  }
}
