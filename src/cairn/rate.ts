/** The rate is over this long, ms. */
const WINDOW = 4000
/** Over less than this a rate says nothing, ms. */
const LEAST = 200

/** How fast something goes, over the last few seconds. */
export interface Rate {
  /** Notes a running total. One that falls has begun anew. Returns bytes a second; undefined while it is too early to say. */
  note(at: number, total: number): number | undefined
}

export function createRate(): Rate {
  let samples: { at: number; total: number }[] = []
  return {
    note(at, total) {
      if (total < (samples.at(-1)?.total ?? 0)) samples = []
      samples.push({ at, total })
      while (samples.length > 2 && at - (samples[0]?.at ?? at) > WINDOW) samples.shift()
      const first = samples[0] ?? { at, total }
      return at - first.at < LEAST ? undefined : ((total - first.total) * 1000) / (at - first.at)
    },
  }
}
