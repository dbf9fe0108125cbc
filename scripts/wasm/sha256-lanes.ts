// SHA-256 of four messages at once, one a SIMD lane, checked against the digests that they should have.
// AssemblyScript, compiled by build.mjs into src/core/blocks-wasm.ts. The algorithm: FIPS 180-4.

/** Round constants, then the start state; filled by the caller. */
const K: usize = 0
const IV: usize = 256
/** Eight vectors: the state of the four lanes. */
const STATE: usize = 320
/** 64 vectors: the message schedule. */
const W: usize = 512
/** 128 bytes a lane: the padded end of its message. */
const TAIL: usize = 1536
/** Per lane: next block, whole blocks left, next tail block, tail blocks left, index of the message or -1. */
const LANE: usize = 2048
const LANE_BYTES: usize = 20

// @ts-ignore: decorator
@inline
function rotr(x: v128, n: i32): v128 {
  return v128.or(v128.shr<u32>(x, n), v128.shl<u32>(x, 32 - n))
}

// @ts-ignore: decorator
@inline
function swap(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12)
}

/** Puts message `index` of the table into a lane. */
function enter(lane: usize, table: usize, index: i32): void {
  const entry = table + <usize>index * 12
  const at = <usize>load<u32>(entry)
  const length = load<u32>(entry, 4)
  const whole = length >> 6
  const rest = length & 63
  const tail = TAIL + lane * 128
  memory.fill(tail, 0, 128)
  memory.copy(tail, at + <usize>(whole << 6), rest)
  store<u8>(tail + rest, 0x80)
  const tails: u32 = rest < 56 ? 1 : 2
  store<u64>(tail + <usize>(tails << 6) - 8, bswap<u64>(<u64>length << 3))
  const slot = LANE + lane * LANE_BYTES
  store<u32>(slot, <u32>at)
  store<u32>(slot, whole, 4)
  store<u32>(slot, <u32>tail, 8)
  store<u32>(slot, tails, 12)
  store<i32>(slot, index, 16)
  for (let i: usize = 0; i < 8; i++) store<u32>(STATE + i * 16 + lane * 4, load<u32>(IV + i * 4))
}

/** The next 64 bytes of a lane; an idle lane runs over its old tail. */
// @ts-ignore: decorator
@inline
function next(lane: usize): usize {
  const slot = LANE + lane * LANE_BYTES
  const whole = load<u32>(slot, 4)
  if (whole > 0) {
    const at = load<u32>(slot)
    store<u32>(slot, at + 64)
    store<u32>(slot, whole - 1, 4)
    return <usize>at
  }
  const left = load<u32>(slot, 12)
  if (left == 0) return TAIL + lane * 128
  const at = load<u32>(slot, 8)
  store<u32>(slot, at + 64, 8)
  store<u32>(slot, left - 1, 12)
  return <usize>at
}

// @ts-ignore: decorator
@inline
function gather(p0: usize, p1: usize, p2: usize, p3: usize, group: usize): void {
  const a = v128.load(p0 + group * 16)
  const b = v128.load(p1 + group * 16)
  const c = v128.load(p2 + group * 16)
  const d = v128.load(p3 + group * 16)
  const ab0 = v128.shuffle<i32>(a, b, 0, 4, 1, 5)
  const ab1 = v128.shuffle<i32>(a, b, 2, 6, 3, 7)
  const cd0 = v128.shuffle<i32>(c, d, 0, 4, 1, 5)
  const cd1 = v128.shuffle<i32>(c, d, 2, 6, 3, 7)
  const to = W + group * 64
  v128.store(to, swap(v128.shuffle<i64>(ab0, cd0, 0, 2)))
  v128.store(to, swap(v128.shuffle<i64>(ab0, cd0, 1, 3)), 16)
  v128.store(to, swap(v128.shuffle<i64>(ab1, cd1, 0, 2)), 32)
  v128.store(to, swap(v128.shuffle<i64>(ab1, cd1, 1, 3)), 48)
}

function compress(): void {
  for (let i: usize = 16; i < 64; i++) {
    const at = W + i * 16
    const x = v128.load(at - 240)
    const y = v128.load(at - 32)
    const s0 = v128.xor(v128.xor(rotr(x, 7), rotr(x, 18)), v128.shr<u32>(x, 3))
    const s1 = v128.xor(v128.xor(rotr(y, 17), rotr(y, 19)), v128.shr<u32>(y, 10))
    v128.store(at, v128.add<i32>(v128.add<i32>(v128.load(at - 256), s0), v128.add<i32>(v128.load(at - 112), s1)))
  }
  let a = v128.load(STATE)
  let b = v128.load(STATE, 16)
  let c = v128.load(STATE, 32)
  let d = v128.load(STATE, 48)
  let e = v128.load(STATE, 64)
  let f = v128.load(STATE, 80)
  let g = v128.load(STATE, 96)
  let h = v128.load(STATE, 112)
  for (let i: usize = 0; i < 64; i++) {
    const s1 = v128.xor(v128.xor(rotr(e, 6), rotr(e, 11)), rotr(e, 25))
    const ch = v128.xor(g, v128.and(e, v128.xor(f, g)))
    const kw = v128.add<i32>(v128.load_splat<u32>(K + i * 4), v128.load(W + i * 16))
    const t1 = v128.add<i32>(v128.add<i32>(h, s1), v128.add<i32>(ch, kw))
    const s0 = v128.xor(v128.xor(rotr(a, 2), rotr(a, 13)), rotr(a, 22))
    const maj = v128.or(v128.and(a, b), v128.and(c, v128.or(a, b)))
    h = g
    g = f
    f = e
    e = v128.add<i32>(d, t1)
    d = c
    c = b
    b = a
    a = v128.add<i32>(t1, v128.add<i32>(s0, maj))
  }
  v128.store(STATE, v128.add<i32>(a, v128.load(STATE)))
  v128.store(STATE, v128.add<i32>(b, v128.load(STATE, 16)), 16)
  v128.store(STATE, v128.add<i32>(c, v128.load(STATE, 32)), 32)
  v128.store(STATE, v128.add<i32>(d, v128.load(STATE, 48)), 48)
  v128.store(STATE, v128.add<i32>(e, v128.load(STATE, 64)), 64)
  v128.store(STATE, v128.add<i32>(f, v128.load(STATE, 80)), 80)
  v128.store(STATE, v128.add<i32>(g, v128.load(STATE, 96)), 96)
  v128.store(STATE, v128.add<i32>(h, v128.load(STATE, 112)), 112)
}

/** Whether the state of a lane is the digest that lies at `digest`. */
function holds(lane: usize, digest: usize): bool {
  let differ: u32 = 0
  for (let i: usize = 0; i < 8; i++) {
    differ |= bswap<u32>(load<u32>(digest + i * 4)) ^ load<u32>(STATE + i * 16 + lane * 4)
  }
  return differ == 0
}

/** Holds each digest against the one that its entry names. */
const CHECK: i32 = 0
/** Puts the first word of each digest into the third field of its entry. */
const HEADS: i32 = 1
/** Puts each digest where its entry says. */
const FILL: i32 = 2

/** Writes the state of a lane as a digest. */
function put(lane: usize, digest: usize): void {
  for (let i: usize = 0; i < 8; i++) store<u32>(digest + i * 4, bswap<u32>(load<u32>(STATE + i * 16 + lane * 4)))
}

/** Hashes `count` messages of the table. With CHECK it gives the lowest index whose digest differs; else -1. */
function each(table: usize, count: i32, what: i32): i32 {
  let entered: i32 = 0
  let active: i32 = 0
  let wrong: i32 = i32.MAX_VALUE
  for (let lane: usize = 0; lane < 4; lane++) {
    const slot = LANE + lane * LANE_BYTES
    store<u32>(slot, 0, 4)
    store<u32>(slot, 0, 12)
    store<i32>(slot, -1, 16)
    if (entered < count) {
      enter(lane, table, entered++)
      active++
    }
  }
  while (active > 0) {
    const p0 = next(0)
    const p1 = next(1)
    const p2 = next(2)
    const p3 = next(3)
    gather(p0, p1, p2, p3, 0)
    gather(p0, p1, p2, p3, 1)
    gather(p0, p1, p2, p3, 2)
    gather(p0, p1, p2, p3, 3)
    compress()
    for (let lane: usize = 0; lane < 4; lane++) {
      const slot = LANE + lane * LANE_BYTES
      const index = load<i32>(slot, 16)
      if (index < 0 || load<u32>(slot, 4) != 0 || load<u32>(slot, 12) != 0) continue
      const entry = table + <usize>index * 12
      if (what == HEADS) store<u32>(entry, load<u32>(STATE + lane * 4), 8)
      else if (what == FILL) put(lane, <usize>load<u32>(entry, 8))
      else if (!holds(lane, <usize>load<u32>(entry, 8)) && index < wrong) wrong = index
      if (entered < count) enter(lane, table, entered++)
      else {
        store<i32>(slot, -1, 16)
        active--
      }
    }
  }
  return wrong == i32.MAX_VALUE ? -1 : wrong
}

/** Entries: offset, length, offset of the expected digest; u32 each. The lowest index that does not hold, or -1. */
export function check(table: usize, count: i32): i32 {
  return each(table, count, CHECK)
}

/** Entries: offset, length, and room for the first word of the digest. */
export function heads(table: usize, count: i32): void {
  each(table, count, HEADS)
}

/** Entries: offset, length, and where the digest is put; u32 each. */
export function fill(table: usize, count: i32): void {
  each(table, count, FILL)
}
