import { loadBlocks, reserve, TABLE_AT } from './blocks-module.ts'
import type { DigestCheck, DigestFill, HeadsOf, Lanes } from './hash.ts'
import { SHA256_ROUND, SHA256_START } from './sha256-head.ts'
import { createWeave } from './weave.ts'

/** Where the module expects its tables (see scripts/wasm). */
const ROUND_AT = 0
const START_AT = 256
/** Messages of one call: 12 bytes each in the table. */
const MESSAGES = 4096
const INPUT_AT = TABLE_AT + MESSAGES * 12
/** Bytes copied in for one call; a message may be larger by itself. */
const INPUT_BYTES = 1 << 20

/**
 * Hashes four messages at once in SIMD lanes, a whole batch in one call: three times as fast as one after
 * another (measured on 126,000 blocks of 280 bytes: 58 ms against 175). Undefined where WebAssembly has no
 * SIMD, or may not run.
 */
export async function createLanes(): Promise<Lanes | undefined> {
  const module = await loadBlocks()
  if (module === undefined) return undefined
  const { memory } = module
  const words = new Uint32Array(memory.buffer)
  words.set(new Uint32Array(SHA256_ROUND.buffer), ROUND_AT / 4)
  words.set(new Uint32Array(SHA256_START.buffer), START_AT / 4)

  const copyIn = (bytes: Uint8Array): void => reserve(memory, INPUT_AT + bytes.length).set(bytes, INPUT_AT)
  /** Copies messages [first, last) in, which lie within bytes [from, to), and puts them into the table. */
  const enter = (
    bytes: Uint8Array,
    messages: Int32Array,
    first: number,
    last: number,
    from: number,
    to: number,
  ) => {
    copyIn(bytes.subarray(from, to))
    const table = new Uint32Array(memory.buffer, TABLE_AT, MESSAGES * 3)
    const shift = INPUT_AT - from
    for (let i = first, at = 0; i < last; i++, at += 3) {
      const start = messages[i * 3] ?? 0
      table[at] = start + shift
      table[at + 1] = (messages[i * 3 + 1] ?? 0) - start
      table[at + 2] = (messages[i * 3 + 2] ?? 0) + shift
    }
  }

  /** Enters messages, as many at a time as there is room for; ends when `run` says so of a batch. */
  const batches = (
    bytes: Uint8Array,
    messages: Int32Array,
    count: number,
    run: (first: number, last: number, from: number, to: number) => boolean,
  ): void => {
    for (let first = 0; first < count;) {
      let from = bytes.length
      let to = 0
      let last = first
      for (; last < count && last - first < MESSAGES; last++) {
        const low = Math.min(from, messages[last * 3] ?? 0, messages[last * 3 + 2] ?? 0)
        const high = Math.max(to, messages[last * 3 + 1] ?? 0, (messages[last * 3 + 2] ?? 0) + 32)
        if (last > first && high - low > INPUT_BYTES) break
        from = low
        to = high
      }
      enter(bytes, messages, first, last, from, to)
      if (run(first, last, from, to)) return
      first = last
    }
  }

  /** Which messages of the batch that was hashed last are records. */
  const tell = (sound: Uint8Array, first: number, last: number): void => {
    module.records(TABLE_AT, last - first)
    const table = new Uint32Array(memory.buffer, TABLE_AT, MESSAGES * 3)
    for (let i = first; i < last; i++) sound[i] = table[(i - first) * 3 + 2] ?? 0
  }

  const check: DigestCheck = (bytes, messages, count, sound) => {
    let found = -1
    batches(bytes, messages, count, (first, last) => {
      const wrong = module.check(TABLE_AT, last - first)
      if (wrong >= 0) found = first + wrong
      else if (sound !== undefined) tell(sound, first, last)
      return wrong >= 0
    })
    return found
  }

  const fill: DigestFill = (bytes, messages, count, sound) =>
    batches(bytes, messages, count, (first, last, from, to) => {
      module.fill(TABLE_AT, last - first)
      if (sound !== undefined) tell(sound, first, last)
      // The same bytes, with their digests.
      bytes.set(new Uint8Array(memory.buffer, INPUT_AT, to - from), from)
      return false
    })

  const heads: HeadsOf = (bytes, ends, count, out) => {
    for (let first = 0, from = 0; first < count;) {
      const last = Math.min(count, first + MESSAGES)
      const to = ends[last - 1] ?? from
      copyIn(bytes.subarray(from, to))
      const table = new Uint32Array(memory.buffer, TABLE_AT, MESSAGES * 3)
      const shift = INPUT_AT - from
      for (let i = first, at = 0; i < last; i++, at += 3) {
        const start = i === first ? from : (ends[i - 1] ?? from)
        table[at] = start + shift
        table[at + 1] = (ends[i] ?? start) - start
      }
      module.heads(TABLE_AT, last - first)
      for (let i = first; i < last; i++) out[i] = table[(i - first) * 3 + 2] ?? 0
      first = last
      from = to
    }
  }
  return { check, fill, heads, weave: createWeave(module) }
}
