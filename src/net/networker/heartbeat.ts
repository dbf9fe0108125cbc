import type { Timers } from '../../core/timers.ts'

/** Tells the other side that we live, and us when it does not. */
export interface Heartbeat {
  start(): void
  heard(): void
  /** We are busy with what came and do not read: silence means nothing until `heard`. */
  hold(): void
  stop(): void
}

export interface HeartbeatInput {
  readonly timers: Timers
  readonly silentMs: number
  readonly beat: () => void
  readonly silent: () => void
}

/** Beats in a silence after which the other side is given up. */
const BEATS = 3

/**
 * Counts beats, not time: a device that slept has missed one, however long it slept, and hears what is there
 * before the next.
 */
export function createHeartbeat({ timers, silentMs, beat, silent }: HeartbeatInput): Heartbeat {
  const everyMs = Math.ceil(silentMs / BEATS)
  let missed = 0
  let held = false
  let cancel: (() => void) | undefined
  const tick = (): void => {
    cancel = undefined
    if (!held && ++missed >= BEATS) {
      silent()
      return
    }
    cancel = timers.after(everyMs, tick)
    beat()
  }
  return {
    start() {
      cancel ??= timers.after(everyMs, tick)
    },
    heard() {
      missed = 0
      held = false
    },
    hold() {
      held = true
    },
    stop() {
      cancel?.()
      cancel = undefined
    },
  }
}
