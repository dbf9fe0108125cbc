import { copyRange, fromUtf8Strict } from '../core/bytes.ts'
import { PackError, type PackErrorCode, type PackErrorFields } from './errors.ts'
import type { PackLimits } from './limits.ts'

/**
 * Reads the format's primitives, little-endian and of fixed width, one after another. Each method throws
 * `pack.truncated` when the bytes end first, at the offset where the value begins.
 */
export interface ByteReader {
  /** where the next value begins */
  offset(): number
  u8(): number
  u16(): number
  u32(): number
  i32(): number
  /** A signed 64-bit integer that a number holds exactly; else `pack.integer`. */
  i64(): number
  /** A finite double; else `pack.float`. */
  f64(): number
  /** Throws `pack.bool`. */
  bool(): boolean
  /** The mark before an optional value: true when it follows. Throws `pack.bool`. */
  present(): boolean
  /** Text after its length in two bytes. Throws `pack.utf8`. */
  str16(): string
  /** Text after its length in four bytes. Throws `pack.utf8`. */
  str32(): string
  /** The bytes after their length in four bytes: a copy, or in a part that shares them a view. */
  bytes32(): Uint8Array
  /** A copy of the next bytes. */
  take(length: number): Uint8Array<ArrayBuffer>
  /**
   * A count in `width` bytes of items that take at least `least` bytes each. Throws `pack.count` when the rest
   * cannot hold them, so that nothing is allocated for items that never came.
   */
  count(least: number, width?: 2 | 4): number
  /**
   * A reader of the next bytes alone, with the same offsets and budget; this one goes on after them.
   *
   * @param shares its values are views of the bytes, which must not change then
   */
  part(length: number, shares?: boolean): ByteReader
  /** Throws `pack.trailing` when anything is left. */
  end(): void
  /** Counts `bytes` that stand for more than they take. Throws `pack.too-large`. */
  unfold(bytes: number): void
  /** An error at `offset`, by default where the next value begins. */
  error(code: PackErrorCode, fields?: PackErrorFields): PackError
}

/** Throws `pack.too-large`. The bytes are not kept, and must not change while they are read. */
export function createByteReader(bytes: Uint8Array, limits: PackLimits): ByteReader {
  if (bytes.length > limits.maxBytes) {
    throw new PackError('pack.too-large', { offset: 0, size: bytes.length, limit: limits.maxBytes })
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return readRange(bytes, view, 0, bytes.length, { left: limits.maxUnfolded })
}

/** Up to here a loop is faster than the decoder. */
const SHORT = 32
const units: number[] = []

/** Text of few bytes, all of them ASCII; undefined for any other. */
function shortAscii(bytes: Uint8Array, from: number, length: number): string | undefined {
  if (length > SHORT) return undefined
  units.length = length
  for (let i = 0; i < length; i++) {
    const byte = bytes[from + i] ?? 0
    if (byte > 0x7f) return undefined
    units[i] = byte
  }
  return String.fromCharCode(...units)
}

function readRange(
  bytes: Uint8Array,
  view: DataView,
  from: number,
  to: number,
  budget: { left: number },
  shares = false,
): ByteReader {
  let at = from

  const error = (code: PackErrorCode, fields: PackErrorFields = {}): PackError =>
    new PackError(code, { offset: at, ...fields })

  /** Where the next `length` bytes begin; the position goes behind them. */
  const step = (length: number, start = at): number => {
    if (length > to - at) throw error('pack.truncated', { offset: start })
    const here = at
    at += length
    return here
  }

  const flag = (reason: string): boolean => {
    const here = step(1)
    const byte = view.getUint8(here)
    if (byte > 1) throw error('pack.bool', { offset: here, reason })
    return byte === 1
  }

  const text = (lengthBytes: 2 | 4): string => {
    const start = step(lengthBytes)
    const length = lengthBytes === 2 ? view.getUint16(start, true) : view.getUint32(start, true)
    const here = step(length, start)
    const value = shortAscii(bytes, here, length) ?? fromUtf8Strict(bytes, here, here + length)
    if (value === undefined) throw error('pack.utf8', { offset: here })
    return value
  }

  const reader: ByteReader = {
    offset: () => at,
    u8: () => view.getUint8(step(1)),
    u16: () => view.getUint16(step(2), true),
    u32: () => view.getUint32(step(4), true),
    i32: () => view.getInt32(step(4), true),
    i64() {
      const here = step(8)
      const value = view.getInt32(here + 4, true) * 2 ** 32 + view.getUint32(here, true)
      if (!Number.isSafeInteger(value)) throw error('pack.integer', { offset: here })
      return value
    },
    f64() {
      const here = step(8)
      const value = view.getFloat64(here, true)
      if (!Number.isFinite(value)) throw error('pack.float', { offset: here })
      return value
    },
    bool: () => flag('boolean'),
    present: () => flag('option'),
    str16: () => text(2),
    str32: () => text(4),
    bytes32() {
      const start = at
      const length = reader.u32()
      const here = step(length, start)
      return shares ? bytes.subarray(here, here + length) : copyRange(bytes, here, here + length)
    },
    take(length) {
      const here = step(length)
      return copyRange(bytes, here, here + length)
    },
    count(least, width = 4) {
      const start = at
      const count = width === 2 ? reader.u16() : reader.u32()
      if (count * least > to - at) throw error('pack.count', { offset: start, count })
      return count
    },
    part(length, shared = shares) {
      const here = step(length)
      return readRange(bytes, view, here, here + length, budget, shared)
    },
    end() {
      if (at < to) throw error('pack.trailing', { bytes: to - at })
    },
    unfold(size) {
      budget.left -= size
      if (budget.left < 0) throw error('pack.too-large', { reason: 'unfolded' })
    },
    error,
  }
  return reader
}
