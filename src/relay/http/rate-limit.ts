/** Lets each key do so many things a minute. */
export interface RateLimit {
  /** Takes one; 0 when it may be done, else the seconds until it may. */
  take(key: string): number
}

/** Keys remembered at once; one over it forgets the one that has been quiet longest. */
const MOST_KEYS = 50_000
const MINUTE = 60_000

/**
 * A token bucket for each key: bursts of up to `perMinute`, refilled evenly.
 *
 * @param now ms
 */
export function createRateLimit(perMinute: number, now: () => number): RateLimit {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return {
    take: (key) => {
      const at = now()
      const bucket = buckets.get(key) ?? { tokens: perMinute, at }
      // Anew, so that the first key is the one that has been quiet longest.
      buckets.delete(key)
      buckets.set(key, bucket)
      const [oldest] = buckets.size > MOST_KEYS ? buckets.keys() : []
      if (oldest !== undefined) buckets.delete(oldest)
      // A clock that is set back takes nothing away.
      const passed = Math.max(0, at - bucket.at)
      bucket.tokens = Math.min(perMinute, bucket.tokens + (passed * perMinute) / MINUTE)
      bucket.at = at
      if (bucket.tokens < 1) return Math.ceil((((1 - bucket.tokens) / perMinute) * MINUTE) / 1000)
      bucket.tokens -= 1
      return 0
    },
  }
}
