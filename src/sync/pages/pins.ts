import { type Clock, leftOf } from '../../core/clock.ts'

/** A receiver on a slow line may take so long over one head, ms. */
const PINNED = 60 * 60_000
/** Snapshots pinned at once; beyond it the oldest pins go. */
const MAX_PINS = 1000

/**
 * Snapshots that are being read by peers, in memory: retention asks here before it drops one, so that a walk
 * that has begun can be ended. A pin lasts an hour from the last request. After a restart nothing is pinned;
 * who asks for what is gone is told so and goes on with the head.
 */
export interface Pins {
  pin(did: string, snapshot: string): void
  holds(did: string, snapshot: string): boolean
}

export function createPins(clock: Clock): Pins {
  /** in the order in which they were renewed */
  const renewed = new Map<string, number>()
  const name = (did: string, snapshot: string): string => `${did}/${snapshot}`
  return {
    pin(did, snapshot) {
      const key = name(did, snapshot)
      const now = clock.now()
      renewed.delete(key)
      renewed.set(key, now)
      for (const [oldest, at] of renewed) {
        if (leftOf(PINNED, at, now) > 0 && renewed.size <= MAX_PINS) break
        renewed.delete(oldest)
      }
    },
    holds: (did, snapshot) =>
      leftOf(PINNED, renewed.get(name(did, snapshot)) ?? Number.NEGATIVE_INFINITY, clock.now()) > 0,
  }
}
