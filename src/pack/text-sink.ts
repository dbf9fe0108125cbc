/** Collects text as UTF-8. A large string put together of small ones would cost more than all that is in it. */
export interface TextSink {
  text(text: string): void
  /** The text as a JSON string, with its quotes, as ECMAScript writes it. */
  json(text: string): void
  /** What {@link json} or another sink made: bytes that are UTF-8 already. */
  raw(bytes: Uint8Array): void
  /** The bytes in lowercase hexadecimal. */
  hex(bytes: Uint8Array): void
  /** The same of several, made in one go: gives what writes those of the value at an index, until the next are made. */
  digits(values: readonly (Uint8Array | undefined)[]): (index: number) => void
  /** What was collected; a view that is good until more is. */
  bytes(): Uint8Array<ArrayBuffer>
}

const encoder = new TextEncoder()
const FIRST_SIZE = 1024
/** From here on the encoder is faster than a loop. */
const SHORT = 24
/** The same for text that may need escapes. */
const PLAIN = 128
const QUOTE = 0x22
const BACKSLASH = 0x5c
/** Bytes turned to digits at once. */
const HEX_BLOCK = 2048
/** The two digits of each byte, as they lie in memory. */
const PAIRS = new Uint16Array(
  Uint8Array.from({ length: 512 }, (_, i) => hexDigit((i & 1) === 0 ? i >> 5 : (i >> 1) & 15)).buffer,
)

/** Where the host has it: code that has run little is many times slower, and text is made of few lists. */
const toHexOf = (Uint8Array.prototype as { toHex?: (this: Uint8Array) => string }).toHex

/** @param size bytes that there may be; more make it grow, which costs a copy each time it doubles */
export function createTextSink(size: number = FIRST_SIZE): TextSink {
  let out = new Uint8Array(Math.max(size, FIRST_SIZE))
  let block: ReturnType<typeof digitBlock> | undefined
  let at = 0
  // Memory that is touched for the first time costs more than what is done with it.
  let gathered = new Uint8Array()
  let made = digitBlock(0)

  const room = (length: number): void => {
    if (at + length <= out.length) return
    const larger = new Uint8Array(Math.max(out.length * 2, at + length))
    larger.set(out.subarray(0, at))
    out = larger
  }

  /** True when the text was ASCII, and is written. */
  const writeAscii = (text: string): boolean => {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f) return false
      out[at + i] = unit
    }
    at += text.length
    return true
  }

  const writeText = (text: string): void => {
    // A UTF-16 unit is at most three bytes.
    room(text.length * 3)
    if (text.length > SHORT || !writeAscii(text)) at += encoder.encodeInto(text, out.subarray(at)).written
  }

  /** True when the text needed no escape, and is written. */
  const writePlain = (text: string): boolean => {
    room(text.length + 2)
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) return false
      out[at + 1 + i] = unit
    }
    out[at] = QUOTE
    out[at + 1 + text.length] = QUOTE
    at += text.length + 2
    return true
  }

  return {
    text: writeText,
    json(text) {
      if (text.length > PLAIN || !writePlain(text)) writeText(JSON.stringify(text))
    },
    raw(bytes) {
      room(bytes.length)
      out.set(bytes, at)
      at += bytes.length
    },
    hex(bytes) {
      room(bytes.length * 2)
      if (toHexOf !== undefined) {
        at += encoder.encodeInto(toHexOf.call(bytes), out.subarray(at)).written
        return
      }
      block ??= digitBlock(HEX_BLOCK)
      for (let from = 0; from < bytes.length; from += HEX_BLOCK) {
        const count = Math.min(HEX_BLOCK, bytes.length - from)
        writePairs(bytes.subarray(from, from + count), block.pairs)
        out.set(count === HEX_BLOCK ? block.bytes : block.bytes.subarray(0, count * 2), at)
        at += count * 2
      }
    },
    digits(values) {
      const ends: number[] = []
      let size = 0
      for (const value of values) ends.push((size += value?.length ?? 0))
      if (gathered.length < size) gathered = new Uint8Array(size)
      for (let i = 0; i < values.length; i++) {
        const value = values[i]
        if (value !== undefined) gathered.set(value, (ends[i] ?? 0) - value.length)
      }
      if (made.pairs.length < size) made = digitBlock(size)
      writeDigits(gathered.subarray(0, size), made)
      const { bytes: digits } = made
      return (index) => {
        const to = ends[index] ?? 0
        const from = index === 0 ? 0 : (ends[index - 1] ?? 0)
        room((to - from) * 2)
        out.set(digits.subarray(from * 2, to * 2), at)
        at += (to - from) * 2
      }
    },
    bytes: () => out.subarray(0, at),
  }
}

/** @param block has room for them */
function writeDigits(bytes: Uint8Array, block: ReturnType<typeof digitBlock>): void {
  if (toHexOf === undefined) writePairs(bytes, block.pairs)
  else encoder.encodeInto(toHexOf.call(bytes), block.bytes)
}

function writePairs(bytes: Uint8Array, pairs: Uint16Array): void {
  // Both indexes are below their lengths.
  for (let i = 0; i < bytes.length; i++) pairs[i] = PAIRS[bytes[i] as number] as number
}

/** Pairs are written two bytes at a time, which text that begins anywhere does not allow in its place. */
function digitBlock(size: number) {
  const pairs = new Uint16Array(size)
  return { pairs, bytes: new Uint8Array(pairs.buffer) }
}

/** ASCII of a digit below 16. */
function hexDigit(digit: number): number {
  return digit + (digit < 10 ? 0x30 : 0x57)
}
