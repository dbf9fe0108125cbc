/** A seeded source of choices: the same seed gives the same sequence on every host. */
export interface Prng {
  /** uniform in [0, 1) with 32 bits */
  float(): number
  /** uniform integer in [0, below) */
  int(below: number): number
  /** true with this probability */
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T
  bytes(length: number): Uint8Array<ArrayBuffer>
  /** in place, Fisher–Yates */
  shuffle<T>(items: T[]): T[]
  /** a sequence of its own, independent of how far this one is used afterwards */
  fork(name: string): Prng
}

/** sfc32, keyed by the text of `seed`. Not for secrets: it makes test data only. */
export function createPrng(seed: number | string): Prng {
  const key = String(seed)
  let [a, b, c, d] = [fnv(key, 0x811c9dc5), fnv(key, 0x9e3779b9), fnv(key, 0x85ebca6b), 1]
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    c |= 0
    return t >>> 0
  }
  // the first outputs still show the seed's structure
  for (let i = 0; i < 16; i++) next()

  const float = (): number => next() / 2 ** 32
  const int = (below: number): number => Math.floor(float() * below)
  return {
    float,
    int,
    chance: (probability) => float() < probability,
    pick: (items) => {
      const item = items[int(items.length)]
      if (item === undefined) throw new RangeError('pick from an empty list')
      return item
    },
    bytes: (length) => {
      const out = new Uint8Array(length)
      for (let i = 0; i < length; i++) out[i] = next() >>> 24
      return out
    },
    shuffle: (items) => {
      for (let i = items.length - 1; i > 0; i--) {
        const j = int(i + 1)
        const held = items[i] as (typeof items)[number] // i is in range
        items[i] = items[j] as (typeof items)[number] // j is in range
        items[j] = held
      }
      return items
    },
    fork: (name) => createPrng(`${key}/${name}`),
  }
}

function fnv(text: string, start: number): number {
  let hash = start
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  return hash | 0
}
