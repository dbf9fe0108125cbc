import { copyRange } from '../core/bytes.ts'
import { PackError } from './errors.ts'

/** Writes the format's primitives, little-endian and of fixed width. Each method throws `pack.value`. */
export interface ByteWriter {
  u8(value: number): void
  u16(value: number): void
  u32(value: number): void
  i32(value: number): void
  /** A safe integer in eight bytes. */
  i64(value: number): void
  /** A finite double. */
  f64(value: number): void
  bool(value: boolean): void
  /** The mark of an optional value, then the value when it is there. */
  opt<T>(value: T | null | undefined, write: (value: T) => void): void
  /** Four bytes of count, then the items. */
  list<T>(items: readonly T[], write: (item: T) => void): void
  /** Text after its length in two bytes. */
  str16(text: string): void
  /** Text after its length in four bytes. */
  str32(text: string): void
  /** Bytes after their length in four bytes. */
  bytes32(bytes: Uint8Array): void
  /** Bytes as they are. */
  raw(bytes: Uint8Array): void
  /** Everything `write` writes, after its length in four bytes. */
  sized(write: () => void): void
  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer>
}

const encoder = new TextEncoder()
const FIRST_SIZE = 1024

/** A writer of one pack or table. */
export function createByteWriter(): ByteWriter {
  let out = new Uint8Array(FIRST_SIZE)
  let view = new DataView(out.buffer)
  let at = 0

  /** Where the next `length` bytes go, and there is room for them. Replaces `out` and `view`: ask it first. */
  const room = (length: number): number => {
    if (at + length > out.length) {
      const larger = new Uint8Array(Math.max(out.length * 2, at + length))
      larger.set(out.subarray(0, at))
      out = larger
      view = new DataView(out.buffer)
    }
    return at
  }
  const step = (length: number): number => {
    const here = room(length)
    at += length
    return here
  }

  const integer = (value: number, least: number, most: number): number => {
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new PackError('pack.value', { reason: 'integer', least, most })
    }
    return value
  }

  const text = (value: string, lengthBytes: 2 | 4): void => {
    // A lone surrogate would turn into another character.
    if (!value.isWellFormed()) throw new PackError('pack.value', { reason: 'surrogate' })
    // A UTF-16 unit is at most three bytes.
    const here = room(lengthBytes + value.length * 3)
    const { written } = encoder.encodeInto(value, out.subarray(here + lengthBytes))
    if (lengthBytes === 2) {
      if (written > 0xffff) throw new PackError('pack.value', { reason: 'length', size: written })
      view.setUint16(here, written, true)
    } else view.setUint32(here, written, true)
    at = here + lengthBytes + written
  }

  const writer: ByteWriter = {
    u8(value) {
      const here = step(1)
      view.setUint8(here, integer(value, 0, 0xff))
    },
    u16(value) {
      const here = step(2)
      view.setUint16(here, integer(value, 0, 0xffff), true)
    },
    u32(value) {
      const here = step(4)
      view.setUint32(here, integer(value, 0, 0xffffffff), true)
    },
    i32(value) {
      const here = step(4)
      view.setInt32(here, integer(value, -0x80000000, 0x7fffffff), true)
    },
    i64(value) {
      integer(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
      const here = step(8)
      const high = Math.floor(value / 2 ** 32)
      view.setUint32(here, value - high * 2 ** 32, true)
      view.setInt32(here + 4, high, true)
    },
    f64(value) {
      if (!Number.isFinite(value)) throw new PackError('pack.value', { reason: 'float' })
      const here = step(8)
      view.setFloat64(here, value, true)
    },
    bool: (value) => writer.u8(value ? 1 : 0),
    opt(value, write) {
      const there = value !== undefined && value !== null
      writer.bool(there)
      if (there) write(value)
    },
    list(items, write) {
      writer.u32(items.length)
      for (const item of items) write(item)
    },
    str16: (value) => text(value, 2),
    str32: (value) => text(value, 4),
    bytes32(bytes) {
      writer.u32(bytes.length)
      writer.raw(bytes)
    },
    raw(bytes) {
      const here = step(bytes.length)
      out.set(bytes, here)
    },
    sized(write) {
      const here = step(4)
      write()
      view.setUint32(here, at - here - 4, true)
    },
    finish: () => copyRange(out, 0, at),
  }
  return writer
}
