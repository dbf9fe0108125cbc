import type { CairnError } from '../../core/errors.ts'
import type { Timers } from '../../core/timers.ts'

/** Watches over waiting for the other side of a stream. */
export interface Patience {
  /** Waits for `step`, at most as long as is left; `bytes` says how far it moved things on. */
  during<T>(step: Promise<T>, bytes: (result: T) => number): Promise<T>
  /** Ends the waiting now and for good, with this error. */
  fail(error: CairnError): void
  /** Nothing more is waited for. */
  end(): void
}

/**
 * Time runs from the first wait until `least` bytes have moved, then begins anew: one byte now and then does
 * not keep a stream alive. It says nothing while nobody waits, so a slow disk on this side costs nobody its
 * patience.
 *
 * Errors: from `during`, that of `onIdle`, or the one given to `fail`.
 */
export function createPatience(options: {
  readonly timers: Timers
  /** how long until the first bytes, ms */
  readonly firstMs: number
  /** how long from then on, ms */
  readonly idleMs: number
  /** bytes within that time */
  readonly least: number
  readonly onIdle: (ms: number) => CairnError
}): Patience {
  const { timers, least, onIdle } = options
  let ms = options.firstMs
  let moved = 0
  let failure: CairnError | undefined
  /** Ends the wait that is on. One a wait: a promise that lives as long as the stream would hold on to every step. */
  let giveUp: ((error: CairnError) => void) | undefined
  let clear: (() => void) | undefined

  const stop = (): void => {
    clear?.()
    clear = undefined
  }
  const fail = (error: CairnError): void => {
    failure ??= error
    stop()
    giveUp?.(failure)
  }
  const run = (): void => {
    clear ??= timers.after(ms, () => {
      clear = undefined
      moved = 0
      if (giveUp !== undefined) fail(onIdle(ms))
    })
  }
  return {
    async during<T>(step: Promise<T>, bytes: (result: T) => number): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      step.then(resolve, reject)
      if (failure !== undefined) reject(failure)
      giveUp = reject
      run()
      try {
        const result = await promise
        moved += bytes(result)
        if (moved > 0) ms = options.idleMs
        if (moved >= least) {
          moved = 0
          stop()
        }
        return result
      } catch (error) {
        stop()
        throw error
      } finally {
        giveUp = undefined
      }
    },
    fail,
    end: stop,
  }
}
