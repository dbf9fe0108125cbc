import type { Clock } from '../../../core/clock.ts'
import type { Timers } from '../../../core/timers.ts'

export interface ManualTime extends Clock, Timers {
  /** Runs every timer that is due within the next `ms`, in order, and lets what it began go on. */
  pass(ms: number): Promise<void>
  /** timers that wait */
  waiting(): number
}

/** Time that passes when a test says so. */
export function createManualTime(start = 1_700_000_000_000): ManualTime {
  let now = start
  let order = 0
  const timers = new Map<number, { readonly at: number; readonly run: () => void }>()
  const settle = async (): Promise<void> => {
    // Signatures are made and checked on other threads: a turn of the event loop lets them come back.
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    now: () => now,
    after(ms, run) {
      const id = ++order
      timers.set(id, { at: now + ms, run })
      return () => timers.delete(id)
    },
    async pass(ms) {
      const end = now + ms
      await settle()
      for (;;) {
        const [next] = [...timers].filter(([, { at }]) => at <= end).toSorted(([, a], [, b]) => a.at - b.at)
        if (next === undefined) break
        const [id, { at, run }] = next
        now = Math.max(now, at)
        timers.delete(id)
        run()
        await settle()
      }
      now = end
    },
    waiting: () => timers.size,
  }
}
