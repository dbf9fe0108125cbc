import { fail, HEAD, INDEFINITE, INTEGER_RANGE, NOT_SHORTEST, TRUNCATED } from './codes.ts'

/** Heads of CBOR items (RFC 8949 3), in shortest form only. */

/** The argument of the head at `at`, in shortest form; or minus a failure. */
export function readArgument(bytes: Uint8Array, at: number, end: number): number {
  // Callers have checked that `at` is below `end`; every other index is checked here, so casts hold.
  const info = (bytes[at] as number) & 0x1f
  if (info < 24) return info
  if (info === 24) {
    if (at + 2 > end) return fail(TRUNCATED, at)
    const value = bytes[at + 1] as number
    return value < 24 ? fail(NOT_SHORTEST, at) : value
  }
  if (info === 25) {
    if (at + 3 > end) return fail(TRUNCATED, at)
    const value = ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    return value < 0x100 ? fail(NOT_SHORTEST, at) : value
  }
  if (info === 26) {
    if (at + 5 > end) return fail(TRUNCATED, at)
    const value = readUint32(bytes, at + 1)
    return value < 0x10000 ? fail(NOT_SHORTEST, at) : value
  }
  if (info === 27) {
    if (at + 9 > end) return fail(TRUNCATED, at)
    const high = readUint32(bytes, at + 1)
    if (high === 0) return fail(NOT_SHORTEST, at)
    if (high > 0x1fffff) return fail(INTEGER_RANGE, at)
    return high * 0x100000000 + readUint32(bytes, at + 5)
  }
  return fail(info === 31 ? INDEFINITE : HEAD, at)
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  )
}

/** Bytes of the head at `at`, once `readArgument` has passed it. */
export function headLength(bytes: Uint8Array, at: number): number {
  const info = (bytes[at] as number) & 0x1f
  return info < 24 ? 1 : info === 24 ? 2 : info === 25 ? 3 : info === 26 ? 5 : 9
}
