// Texts that are put together of parts that many of them share, of bytes in hexadecimal, and of a text of their own.
// AssemblyScript, compiled by build.mjs.

/** Eight bytes become sixteen digits at a time: what is written past the last is written over by what follows. */
// @ts-ignore: decorator
@inline
function hex(out: usize, from: usize, length: usize): usize {
  const digits = i8x16(48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 97, 98, 99, 100, 101, 102)
  const low = i8x16.splat(15)
  for (let i: usize = 0; i < length; i += 8) {
    const bytes = v128.load64_zero(from + i)
    const pairs = i8x16.shuffle(v128.shr<u8>(bytes, 4), v128.and(bytes, low), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
    v128.store(out + (i << 1), i8x16.swizzle(digits, pairs))
  }
  return out + (length << 1)
}

// @ts-ignore: decorator
@inline
function copy(out: usize, from: usize, length: usize): usize {
  memory.copy(out, from, length)
  return out + length
}

/**
 * Writes a text for each entry at `out`, and gives where it ends. Entries: the offset of a frame, the offset of bytes
 * for digits, their length, the length of a text; u32 each. The texts lie one after another from `texts` on. A frame:
 * the offset and the length of what comes before the digits, between them and the text, and after it; u32 each. There
 * is room for eight bytes behind the bytes, and for sixteen behind what is written.
 */
export function weave(table: usize, count: i32, texts: usize, out: usize): usize {
  for (let i: i32 = 0; i < count; i++) {
    const entry = table + (<usize>i << 4)
    const frame = <usize>load<u32>(entry)
    out = copy(out, <usize>load<u32>(frame), <usize>load<u32>(frame, 4))
    out = hex(out, <usize>load<u32>(entry, 4), <usize>load<u32>(entry, 8))
    out = copy(out, <usize>load<u32>(frame, 8), <usize>load<u32>(frame, 12))
    const own = <usize>load<u32>(entry, 12)
    out = copy(out, texts, own)
    texts += own
    out = copy(out, <usize>load<u32>(frame, 16), <usize>load<u32>(frame, 20))
  }
  return out
}
