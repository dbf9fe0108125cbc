import type { Clock } from '../../core/clock.ts'
import type { Timers } from '../../core/timers.ts'

/**
 * Limits that guard something and so must not run out by themselves, ms: a job's heartbeat, the patience for
 * an identity, first byte, idle body, a whole small body. Every other delay is a pause between two tries.
 */
const GUARDS: ReadonlySet<number> = new Set([2000, 6000, 20_000, 30_000, 60_000])

/** A day after the last commit of generated repos. */
const START = Date.UTC(2026, 9, 2)

export interface TestTimers extends Timers {
  readonly clock: Clock
  /** moves the clock alone */
  pass(ms: number): void
  /** Lets one guard of this length run out: one that is set, or the next that is. */
  expire(ms: number): void
  /** Runs every guard of this length that is set now, once. */
  fire(ms: number): void
  /** pauses that were slept through, ms */
  readonly slept: number[]
}

/** Pauses are over at once and move the clock; guards run out only when a test says so. */
export function createTestTimers(): TestTimers {
  let now = START
  const guards = new Set<{ readonly ms: number; readonly run: () => void }>()
  const expiring = new Set<number>()
  const slept: number[] = []

  const tryExpire = (ms: number): void => {
    setImmediate(() => {
      const guard = [...guards].find((it) => it.ms === ms)
      if (guard === undefined || !expiring.delete(ms)) return
      guards.delete(guard)
      guard.run()
    })
  }

  return {
    clock: { now: () => now },
    slept,
    pass(ms) {
      now += ms
    },
    after(ms, run) {
      if (GUARDS.has(ms)) {
        const guard = { ms, run }
        guards.add(guard)
        if (expiring.has(ms)) tryExpire(ms)
        return () => guards.delete(guard)
      }
      const pause = setImmediate(() => {
        slept.push(ms)
        now += ms
        run()
      })
      return () => clearImmediate(pause)
    },
    expire(ms) {
      expiring.add(ms)
      tryExpire(ms)
    },
    fire(ms) {
      for (const guard of [...guards]) if (guard.ms === ms && guards.delete(guard)) guard.run()
    },
  }
}
