import { fromUtf8Strict } from '../../core/bytes.ts'
import { readVarint, varintLength } from '../../core/varint.ts'
import { malformed } from './errors.ts'

/** Reads an update from its start to its end; whatever is not there throws `text.malformed`. */
export interface Reader {
  readonly at: number
  readonly left: number
  byte(): number
  /** @param most the greatest that may come */
  uint(most: number): number
  /** A view of so many bytes. */
  take(length: number): Uint8Array
  /** A view of bytes that come after their number. */
  block(most: number): Uint8Array
  /** The same as text, in UTF-8. */
  text(most: number): string
  /** A view from an earlier place up to here. */
  since(from: number): Uint8Array
}

export function createReader(bytes: Uint8Array): Reader {
  let at = 0
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - at) throw malformed('end')
    at += length
    return bytes.subarray(at - length, at)
  }
  const uint = (most: number): number => {
    const value = readVarint(bytes, at, bytes.length)
    if (value < 0) throw malformed('number')
    if (value > most) throw malformed('range')
    at += varintLength(value)
    return value
  }
  const block = (most: number) => take(uint(most))
  return {
    get at() {
      return at
    },
    get left() {
      return bytes.length - at
    },
    byte: () => take(1)[0] ?? 0,
    uint,
    take,
    block,
    text(most) {
      const text = fromUtf8Strict(block(most))
      if (text === undefined) throw malformed('utf-8')
      return text
    },
    since: (from) => bytes.subarray(from, at),
  }
}
