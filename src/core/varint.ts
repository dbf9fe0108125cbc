/**
 * Unsigned LEB128 as in the multiformats unsigned-varint spec: little-endian groups of 7 bits, shortest
 * form required. Values go up to 2^53 - 1, so that they fit a number.
 */

/** Longest form that a value of at most 2^53 - 1 can take, in bytes. */
export const MAX_VARINT_BYTES = 8

/** The bytes end before the number does. */
export const VARINT_MORE = -1
/** Not the shortest form, or above 2^53 - 1. */
export const VARINT_BAD = -2

/**
 * The number at `offset`, reading no byte at or after `end`; or `VARINT_MORE` or `VARINT_BAD`. As only
 * the shortest form passes, its length is `varintLength` of the result.
 */
export function readVarint(bytes: Uint8Array, offset: number, end: number): number {
  let value = 0
  let scale = 1
  for (let i = 0; i < MAX_VARINT_BYTES; i++) {
    const at = offset + i
    if (at >= end || at >= bytes.length) return VARINT_MORE
    // `at` is below the length.
    const byte = bytes[at] as number
    value += (byte & 0x7f) * scale
    if (byte < 0x80) {
      // A last group of zero adds nothing: a shorter form exists.
      if (byte === 0 && i > 0) return VARINT_BAD
      return value > Number.MAX_SAFE_INTEGER ? VARINT_BAD : value
    }
    scale *= 128
  }
  return VARINT_BAD
}

/** How many bytes the shortest form of `value` takes. */
export function varintLength(value: number): number {
  let length = 1
  let rest = value
  while (rest >= 128) {
    rest = Math.floor(rest / 128)
    length++
  }
  return length
}

/** Writes `value` (a safe integer from 0) at `offset` and returns the offset after it. */
export function writeVarint(out: Uint8Array, offset: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('varint out of range')
  let at = offset
  let rest = value
  while (rest >= 128) {
    out[at++] = (rest % 128) | 0x80
    rest = Math.floor(rest / 128)
  }
  out[at++] = rest
  return at
}
