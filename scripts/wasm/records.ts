// Which blocks are records in strict DAG-CBOR, as src/repo/cbor/check.ts has it, which says of the others what is wrong.
// AssemblyScript, compiled by build.mjs. Specs: atproto "data model", IPLD DAG-CBOR, RFC 8949 4.2.

/** What follows is in no legal record: no offset is 0. */
const WRONG: usize = 0
/** No argument has this value: integers are below 2^53. */
const NONE: u64 = u64.MAX_VALUE
const MAX_SAFE_INTEGER: u64 = 0x1fffffffffffff

/** A record is at most 1 MiB. */
const MAX_BYTES: u32 = 1 << 20
/** How deep maps and arrays may nest. */
const MAX_DEPTH: i32 = 32

const HIGH_BITS: u64 = 0x8080808080808080

/** The argument of a head in its shortest form. */
// @ts-ignore: decorator
@inline
function argumentOf(at: usize, end: usize): u64 {
  const info = load<u8>(at) & 0x1f
  if (info < 24) return info
  if (info == 24) {
    if (at + 2 > end) return NONE
    const value = load<u8>(at, 1)
    return value < 24 ? NONE : <u64>value
  }
  if (info == 25) {
    if (at + 3 > end) return NONE
    const value = bswap<u16>(load<u16>(at, 1))
    return value < 0x100 ? NONE : <u64>value
  }
  if (info == 26) {
    if (at + 5 > end) return NONE
    const value = bswap<u32>(load<u32>(at, 1))
    return value < 0x10000 ? NONE : <u64>value
  }
  if (info != 27 || at + 9 > end) return NONE
  const value = bswap<u64>(load<u64>(at, 1))
  return value < 0x100000000 || value > MAX_SAFE_INTEGER ? NONE : value
}

/** Bytes of a head whose argument was read. */
// @ts-ignore: decorator
@inline
function headLength(at: usize): usize {
  const info = load<u8>(at) & 0x1f
  return info < 24 ? 1 : 1 + (<usize>1 << (info - 24))
}

/** Whether [at, to) is UTF-8; `end` is where the record ends, and no byte is read from there on. */
function isText(at: usize, to: usize, end: usize): bool {
  while (at < to) {
    if (at + 8 <= end) {
      // What follows the text within these eight bytes is of no account.
      const high = load<u64>(at) & HIGH_BITS
      const left = to - at
      const mine = left < 8 ? high & ((<u64>1 << (<u64>left << 3)) - 1) : high
      if (mine == 0) {
        at += 8
        continue
      }
      at += <usize>(ctz(mine) >> 3)
    }
    const lead = load<u8>(at)
    if (lead < 0x80) {
      at++
      continue
    }
    if (lead < 0xc2 || lead > 0xf4) return false
    const size: usize = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    if (at + size > to) return false
    const second = load<u8>(at, 1)
    const low: u8 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80
    const high: u8 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf
    if (second < low || second > high) return false
    if (size > 2 && (load<u8>(at, 2) & 0xc0) != 0x80) return false
    if (size > 3 && (load<u8>(at, 3) & 0xc0) != 0x80) return false
    at += size
  }
  return true
}

/** Below, at or above 0, as the bytes of one are to those of the other. */
// @ts-ignore: decorator
@inline
function compare(a: usize, b: usize, length: usize): i32 {
  for (let i: usize = 0; i < length; i++) {
    const difference = <i32>load<u8>(a + i) - <i32>load<u8>(b + i)
    if (difference != 0) return difference
  }
  return 0
}

/** The offset after a value, or WRONG. `depth` is how many more maps and arrays may open. */
function value(at: usize, end: usize, depth: i32): usize {
  if (at >= end) return WRONG
  const lead = load<u8>(at)
  const type = lead >> 5
  if (type == 7) return lead >= 0xf4 && lead <= 0xf6 ? at + 1 : WRONG
  const argument = argumentOf(at, end)
  if (argument == NONE) return WRONG
  const body = at + headLength(at)
  const room = <u64>(end - body)
  switch (type) {
    case 0:
      return body
    case 1:
      // The value is -1 - argument.
      return argument >= MAX_SAFE_INTEGER ? WRONG : body
    case 2:
      return argument > room ? WRONG : body + <usize>argument
    case 3: {
      if (argument > room) return WRONG
      const to = body + <usize>argument
      return isText(body, to, end) ? to : WRONG
    }
    case 4: {
      // An item takes a byte at least.
      if (depth <= 0 || argument > room) return WRONG
      let next = body
      for (let i: u64 = 0; i < argument; i++) {
        next = value(next, end, depth - 1)
        if (next == WRONG) return WRONG
      }
      return next
    }
    case 5:
      return map(body, end, argument, depth)
    default:
      return argument == 42 ? link(body, end) : WRONG
  }
}

/** The pairs of a map: keys are text, in order of length, then of bytes, and each is there once. */
function map(body: usize, end: usize, count: u64, depth: i32): usize {
  // A pair takes two bytes at least.
  if (depth <= 0 || count * 2 > <u64>(end - body)) return WRONG
  let at = body
  let previous: usize = 0
  let previousLength: i64 = -1
  for (let i: u64 = 0; i < count; i++) {
    if (at >= end || load<u8>(at) >> 5 != 3) return WRONG
    const length = argumentOf(at, end)
    if (length == NONE) return WRONG
    const key = at + headLength(at)
    if (length > <u64>(end - key)) return WRONG
    if (<i64>length < previousLength) return WRONG
    if (<i64>length == previousLength && compare(previous, key, <usize>length) >= 0) return WRONG
    const after = key + <usize>length
    if (!isText(key, after, end)) return WRONG
    previous = key
    previousLength = <i64>length
    at = value(after, end, depth - 1)
    if (at == WRONG) return WRONG
  }
  return at
}

/** What tag 42 is on: a byte string of 37, which is 0x00 and a CID that atproto allows. */
function link(body: usize, end: usize): usize {
  if (body + 39 > end || load<u8>(body) != 0x58 || load<u8>(body, 1) != 37) return WRONG
  const codec = load<u8>(body, 4)
  if (load<u16>(body, 2) != 0x0100 || (codec != 0x71 && codec != 0x55)) return WRONG
  return load<u16>(body, 5) == 0x2012 ? body + 39 : WRONG
}

/**
 * Puts 1 into the third field of each entry that is one whole record, and 0 into that of any other. Entries: offset,
 * length, and room for that; u32 each.
 */
export function records(table: usize, count: i32): void {
  for (let i: i32 = 0; i < count; i++) {
    const entry = table + <usize>i * 12
    const at = <usize>load<u32>(entry)
    const length = load<u32>(entry, 4)
    const end = at + <usize>length
    const isMap = length > 0 && length <= MAX_BYTES && load<u8>(at) >> 5 == 5
    store<u32>(entry, isMap && value(at, end, MAX_DEPTH) == end ? 1 : 0, 8)
  }
}
