/**
 * Digest → what is known of a block, for millions of blocks in little memory: 48 bytes and about 6 bytes of
 * index each, in pages, so that growth never copies what is there. All of a block lies together: blocks are
 * looked up in any order, and each look-up waits for memory once.
 *
 * Slots are found by open addressing. The first words of a digest are mixed with a secret seed: digests are
 * cheap to grind, and must not be able to line up in one run of slots. The bits of the mix that do not choose the
 * slot fill it up beside the index: so nearly no block is looked at in vain, and none for a digest that is new.
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

const PAGE_BITS = 14
const PAGE = 1 << PAGE_BITS
/** Slots, and entries of the first page, until there are more: most tables are of an edit or a few. */
const SMALL = 1 << 9
/** 1 MB, of which a small repo touches little; one of 200,000 blocks never grows, a large one doubles a few times. */
const SLOTS = 1 << 18
/** Grow at this load, so that runs of slots stay short. */
const LOAD = 0.8
const DIGEST = 32

/** Words of an entry: the digest's eight, then these. */
const A = 8
const B = 9
const C = 10
const KIND = 11
const WORDS = 12

interface Page {
  readonly words: Int32Array
  readonly bytes: Uint8Array
}

export function createBlockTable(seed: number): BlockTable {
  /** 0, or in the low `bits` the index of a block and one more, and above them those bits of its mix. */
  let slots = new Int32Array(SMALL)
  let bits = Math.log2(SMALL)
  let size = 0
  let added = false
  /** The farthest block that was found: of a stream in the order of the tree, the one after it is wanted next. */
  let farthest = -1
  const pages: Page[] = []

  const mix = (first: number, third: number): number => {
    let h = Math.imul(first ^ seed, 0x9e3779b1)
    h = Math.imul(h ^ (h >>> 15) ^ third, 0x85ebca6b)
    return h ^ (h >>> 13)
  }

  /** The slot that holds the digest, or else the one to put it in. */
  const slotOf = (bytes: Uint8Array, at: number, mixed: number): number => {
    const mask = slots.length - 1
    for (let slot = mixed & mask; ; slot = (slot + 1) & mask) {
      const taken = slots[slot] ?? 0
      if (taken === 0) return slot
      if ((taken ^ mixed) >>> bits !== 0) continue
      const index = (taken & mask) - 1
      const words = pages[index >> PAGE_BITS]?.words
      if (words !== undefined && same(words, (index & (PAGE - 1)) * WORDS, bytes, at)) return slot
    }
  }

  const put = (slot: number, index: number, mixed: number): void => {
    slots[slot] = (mixed & -slots.length) | (index + 1)
  }

  const grow = (): void => {
    slots = new Int32Array(Math.max(SLOTS, slots.length * 2))
    bits = Math.log2(slots.length)
    const mask = slots.length - 1
    for (let index = 0; index < size; index++) {
      const words = pages[index >> PAGE_BITS]?.words
      const entry = (index & (PAGE - 1)) * WORDS
      const mixed = mix(words?.[entry] ?? 0, words?.[entry + 2] ?? 0)
      let slot = mixed & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      put(slot, index, mixed)
    }
  }

  const find = (bytes: Uint8Array, at: number): number => {
    const next = farthest + 1
    const words = next < size ? pages[next >> PAGE_BITS]?.words : undefined
    // It lies where the last one ended: no wait for memory.
    if (words !== undefined && same(words, (next & (PAGE - 1)) * WORDS, bytes, at)) return (farthest = next)
    const slot = slotOf(bytes, at, mix(word(bytes, at), word(bytes, at + 8)))
    const index = ((slots[slot] ?? 0) & (slots.length - 1)) - 1
    if (index > farthest) farthest = index
    return index
  }

  const number = (index: number, which: number): number =>
    (pages[index >> PAGE_BITS]?.words[(index & (PAGE - 1)) * WORDS + which] ?? 0) >>> 0

  const pageOf = (index: number): Page => {
    const at = index >> PAGE_BITS
    const page = pages[at]
    if (page !== undefined && index !== SMALL) return page
    const words = new Int32Array((index < SMALL ? SMALL : PAGE) * WORDS)
    if (page !== undefined) words.set(page.words)
    return (pages[at] = { words, bytes: new Uint8Array(words.buffer) })
  }

  return {
    get size() {
      return size
    },
    find,
    get added() {
      return added
    },
    insert(bytes, at) {
      if (size + 1 > slots.length * LOAD) grow()
      const mixed = mix(word(bytes, at), word(bytes, at + 8))
      const slot = slotOf(bytes, at, mixed)
      const taken = slots[slot] ?? 0
      added = taken === 0
      if (!added) return (taken & (slots.length - 1)) - 1
      const index = size++
      const into = pageOf(index).bytes
      const from = (index & (PAGE - 1)) * WORDS * 4
      for (let i = 0; i < DIGEST; i++) into[from + i] = bytes[at + i] ?? 0
      put(slot, index, mixed)
      return index
    },
    digest(index) {
      const from = (index & (PAGE - 1)) * WORDS * 4
      return (pages[index >> PAGE_BITS]?.bytes ?? new Uint8Array(0)).subarray(from, from + DIGEST)
    },
    kind: (index) => number(index, KIND),
    a: (index) => number(index, A),
    b: (index) => number(index, B),
    c: (index) => number(index, C),
    set(index, kind, a, b, c) {
      const words = pages[index >> PAGE_BITS]?.words
      if (words === undefined) return
      const entry = (index & (PAGE - 1)) * WORDS
      words[entry + A] = a
      words[entry + B] = b
      words[entry + C] = c
      words[entry + KIND] = kind
    },
  }
}

/** Four bytes as typed arrays hold a word (signed, little-endian, as all machines are that browsers run on). */
function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  )
}

function same(words: Int32Array, entry: number, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 8; i++) if (words[entry + i] !== word(bytes, at + i * 4)) return false
  return true
}
