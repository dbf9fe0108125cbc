/**
 * Digest → what is known of a block, for millions of blocks in little memory: 32 + 13 bytes and about
 * 6 bytes of index each, in pages, so that growth never copies what is there.
 *
 * Slots are found by open addressing. The first words of a digest are mixed with a secret seed:
 * digests are cheap to grind, and must not be able to line up in one run of slots.
 */
export interface BlockTable {
  readonly size: number
  /** Index of the block with this digest, or -1. */
  find(bytes: Uint8Array, at: number): number
  /** Index of the block with this digest, which is added when it is not there; {@link added} tells. */
  insert(bytes: Uint8Array, at: number): number
  /** Whether the last insert added its digest. */
  readonly added: boolean
  digest(index: number): Uint8Array
  kind(index: number): number
  /** Three 32-bit numbers whose meaning belongs to the kind. */
  a(index: number): number
  b(index: number): number
  c(index: number): number
  set(index: number, kind: number, a: number, b: number, c: number): void
}

const PAGE = 1 << 15
const PAGE_BITS = 15
/** 256 KB: a small repo never grows, a large one doubles a few times. */
const FIRST_SLOTS = 1 << 16
/** Grow at this load, so that runs of slots stay short. */
const LOAD = 0.8
const DIGEST = 32

export function createBlockTable(seed: number): BlockTable {
  let slots = new Int32Array(FIRST_SLOTS).fill(-1)
  let size = 0
  const digests: Uint8Array[] = []
  const kinds: Uint8Array[] = []
  const numbers: Uint32Array[] = []

  const word = (bytes: Uint8Array, at: number): number =>
    ((bytes[at] ?? 0) << 24) |
    ((bytes[at + 1] ?? 0) << 16) |
    ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0)

  const hash = (bytes: Uint8Array, at: number): number => {
    let h = Math.imul(word(bytes, at) ^ seed, 0x9e3779b1)
    h = Math.imul(h ^ (h >>> 15) ^ word(bytes, at + 8), 0x85ebca6b)
    return (h ^ (h >>> 13)) >>> 0
  }

  const same = (index: number, bytes: Uint8Array, at: number): boolean => {
    const page = digests[index >> PAGE_BITS]
    if (page === undefined) return false
    const from = (index & (PAGE - 1)) * DIGEST
    for (let i = 0; i < DIGEST; i++) if (page[from + i] !== bytes[at + i]) return false
    return true
  }

  const slotOf = (bytes: Uint8Array, at: number): number => {
    const mask = slots.length - 1
    let slot = hash(bytes, at) & mask
    for (;;) {
      const index = slots[slot] ?? -1
      if (index < 0 || same(index, bytes, at)) return slot
      slot = (slot + 1) & mask
    }
  }

  let added = false

  const grow = (): void => {
    slots = new Int32Array(slots.length * 2).fill(-1)
    const mask = slots.length - 1
    for (let index = 0; index < size; index++) {
      const page = digests[index >> PAGE_BITS]
      if (page === undefined) continue
      let slot = hash(page, (index & (PAGE - 1)) * DIGEST) & mask
      while ((slots[slot] ?? -1) >= 0) slot = (slot + 1) & mask
      slots[slot] = index
    }
  }

  const number = (index: number, which: number): number =>
    numbers[index >> PAGE_BITS]?.[(index & (PAGE - 1)) * 3 + which] ?? 0

  return {
    get size() {
      return size
    },
    find: (bytes, at) => slots[slotOf(bytes, at)] ?? -1,
    get added() {
      return added
    },
    insert(bytes, at) {
      if (size + 1 > slots.length * LOAD) grow()
      const slot = slotOf(bytes, at)
      const found = slots[slot] ?? -1
      added = found < 0
      if (!added) return found
      const index = size++
      const page = index >> PAGE_BITS
      if (digests[page] === undefined) {
        digests[page] = new Uint8Array(PAGE * DIGEST)
        kinds[page] = new Uint8Array(PAGE)
        numbers[page] = new Uint32Array(PAGE * 3)
      }
      const into = digests[page]
      const from = (index & (PAGE - 1)) * DIGEST
      for (let i = 0; i < DIGEST; i++) into[from + i] = bytes[at + i] ?? 0
      slots[slot] = index
      return index
    },
    digest(index) {
      const from = (index & (PAGE - 1)) * DIGEST
      return (digests[index >> PAGE_BITS] ?? new Uint8Array(0)).subarray(from, from + DIGEST)
    },
    kind: (index) => kinds[index >> PAGE_BITS]?.[index & (PAGE - 1)] ?? 0,
    a: (index) => number(index, 0),
    b: (index) => number(index, 1),
    c: (index) => number(index, 2),
    set(index, kind, a, b, c) {
      const kindPage = kinds[index >> PAGE_BITS]
      const page = numbers[index >> PAGE_BITS]
      if (kindPage === undefined || page === undefined) return
      const slot = index & (PAGE - 1)
      kindPage[slot] = kind
      page[slot * 3] = a
      page[slot * 3 + 1] = b
      page[slot * 3 + 2] = c
    },
  }
}
