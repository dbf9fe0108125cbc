/** Collects text as UTF-8. A large string put together of small ones would cost more than all that is in it. */
export interface TextSink {
  text(text: string): void
  /** The bytes in lowercase hexadecimal. */
  hex(bytes: Uint8Array): void
  /** What was collected; a view that is good until more is. */
  bytes(): Uint8Array
}

const encoder = new TextEncoder()
const FIRST_SIZE = 1024
/** From here on the encoder is faster than a loop. */
const SHORT = 24

export function createTextSink(): TextSink {
  let out = new Uint8Array(FIRST_SIZE)
  let at = 0

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

  return {
    text(text) {
      // A UTF-16 unit is at most three bytes.
      room(text.length * 3)
      if (text.length > SHORT || !writeAscii(text)) at += encoder.encodeInto(text, out.subarray(at)).written
    },
    hex(bytes) {
      room(bytes.length * 2)
      for (const byte of bytes) {
        out[at++] = hexDigit(byte >> 4)
        out[at++] = hexDigit(byte & 15)
      }
    },
    bytes: () => out.subarray(0, at),
  }
}

/** ASCII of a digit below 16. */
const hexDigit = (digit: number): number => digit + (digit < 10 ? 0x30 : 0x57)
