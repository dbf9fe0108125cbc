/** As ASCII, which digits are. */
const decoder = new TextDecoder('latin1')
/** Bytes turned to digits at once. */
const BLOCK = 2048
/** The two digits of each byte, as they lie in memory. */
const PAIRS = new Uint16Array(
  Uint8Array.from({ length: 512 }, (_, i) => digit((i & 1) === 0 ? i >> 5 : (i >> 1) & 15)).buffer,
)
const pairs = new Uint16Array(BLOCK)
const digits = new Uint8Array(pairs.buffer)

/** Where the host has it: code that has run little is many times slower, and text is made of few lists. */
const toHexOf = (Uint8Array.prototype as { toHex?: (this: Uint8Array) => string }).toHex

/** The bytes in lowercase hexadecimal, quickly. */
export function hexText(bytes: Uint8Array): string {
  if (toHexOf !== undefined) return toHexOf.call(bytes)
  let text = ''
  for (let from = 0; from < bytes.length; from += BLOCK) {
    const count = Math.min(BLOCK, bytes.length - from)
    // All indexes are below their lengths.
    for (let i = 0; i < count; i++) pairs[i] = PAIRS[bytes[from + i] as number] as number
    text += decoder.decode(digits.subarray(0, count * 2))
  }
  return text
}

/** ASCII of a digit below 16. */
function digit(value: number): number {
  return value + (value < 10 ? 0x30 : 0x57)
}
