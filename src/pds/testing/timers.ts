import type { Clock } from '../../core/clock.ts'
import type { Timers } from '../../core/timers.ts'

export interface ManualTimers extends Timers {
  readonly clock: Clock
  /** moves the clock and runs what falls due, in order */
  advance(ms: number): void
  /** delays of the timers that are set, as they were asked for */
  pending(): number[]
  /** resolves once a timer of this delay (of any, when not given) is set */
  whenSet(ms?: number): Promise<void>
}

/** Time that stands still until a test moves it. */
export function createManualTimers(start = Date.parse('2024-06-01T00:00:00.000Z')): ManualTimers {
  let now = start
  let waiting: { ms: number | undefined; done: () => void }[] = []
  let set: { due: number; ms: number; run: () => void }[] = []
  return {
    clock: { now: () => now },
    after(ms, run) {
      const timer = { due: now + ms, ms, run }
      set.push(timer)
      for (const waiter of waiting.filter((other) => other.ms === undefined || other.ms === ms)) waiter.done()
      waiting = waiting.filter((other) => other.ms !== undefined && other.ms !== ms)
      return () => {
        set = set.filter((other) => other !== timer)
      }
    },
    advance(ms) {
      const end = now + ms
      for (;;) {
        const next = set.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0]
        if (next === undefined) break
        now = Math.max(now, next.due)
        set = set.filter((other) => other !== next)
        next.run()
      }
      now = end
    },
    pending: () => set.map(({ ms }) => ms),
    whenSet: (ms) =>
      new Promise((done) => {
        if (set.some((timer) => ms === undefined || timer.ms === ms)) done()
        else waiting.push({ ms, done })
      }),
  }
}
