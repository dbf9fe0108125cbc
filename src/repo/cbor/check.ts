import { CID_UNSUPPORTED, readCidHeader } from '../../core/cid.ts'
import { isValidUtf8 } from '../../core/bytes.ts'
import {
  CHECK_OK,
  fail,
  FLOAT,
  INDEFINITE,
  INTEGER_RANGE,
  KEY_DUPLICATE,
  KEY_ORDER,
  KEY_TYPE,
  LINK,
  NOT_MAP,
  SIMPLE,
  TAG,
  TOO_DEEP,
  TOO_LARGE,
  TRAILING,
  TRUNCATED,
  UTF8,
} from './codes.ts'
import { headLength, readArgument } from './head.ts'

export { checkCodes, checkError, checkFailedAt } from './codes.ts'

/**
 * Strict DAG-CBOR of the atproto data model, checked on the bytes themselves: shortest heads, definite
 * lengths, string keys that are unique and ordered by length then bytes, links as tag 42 over 0x00 and
 * a 36-byte CID, integers within ±(2^53 - 1), valid UTF-8, no floats, no other tags or simple values,
 * nothing after the value. Nothing is decoded and nothing allocated.
 *
 * Specs: atproto "data model", IPLD DAG-CBOR, RFC 8949 4.2.
 */

/** A record is at most 1 MiB. */
export const MAX_RECORD_BYTES = 1_048_576
/** How deep maps and arrays may nest. The outermost is 1, scalars and links count nothing. */
export const MAX_DEPTH = 32

export interface CheckLimits {
  /** deepest nesting of maps and arrays, the outermost being 1 */
  readonly maxDepth: number
}

const DEFAULT_CHECK_LIMITS: CheckLimits = { maxDepth: MAX_DEPTH }

/**
 * Checks one value that begins at `at` and returns the offset after it, or minus a failure code.
 * `depth` is how many more maps and arrays may open. Reads nothing at or after `end`, which must not
 * be beyond the array.
 */
export function skipValue(bytes: Uint8Array, at: number, end: number, depth: number): number {
  if (at >= end) return fail(TRUNCATED, at)
  const lead = bytes[at] as number
  const type = lead >> 5
  if (type === 7) {
    if (lead === 0xf4 || lead === 0xf5 || lead === 0xf6) return at + 1
    return fail(lead >= 0xf9 && lead <= 0xfb ? FLOAT : lead === 0xff ? INDEFINITE : SIMPLE, at)
  }
  const argument = readArgument(bytes, at, end)
  if (argument < 0) return argument
  const body = at + headLength(bytes, at)
  switch (type) {
    case 0:
      return body
    case 1:
      // The value is -1 - argument.
      return argument >= Number.MAX_SAFE_INTEGER ? fail(INTEGER_RANGE, at) : body
    case 2:
      return argument > end - body ? fail(TRUNCATED, at) : body + argument
    case 3:
      if (argument > end - body) return fail(TRUNCATED, at)
      return isValidUtf8(bytes, body, body + argument) ? body + argument : fail(UTF8, at)
    case 4:
      return skipArray(bytes, at, body, end, argument, depth)
    case 5:
      return skipMap(bytes, at, body, end, argument, depth)
    default:
      return argument === 42 ? skipLink(bytes, at, body, end) : fail(TAG, at)
  }
}

function skipArray(
  bytes: Uint8Array,
  start: number,
  body: number,
  end: number,
  count: number,
  depth: number,
): number {
  if (depth <= 0) return fail(TOO_DEEP, start)
  // An item takes a byte at least, so the count cannot make the loop longer than the bytes.
  if (count > end - body) return fail(TRUNCATED, start)
  let at = body
  for (let i = 0; i < count; i++) {
    at = skipValue(bytes, at, end, depth - 1)
    if (at < 0) return at
  }
  return at
}

function skipMap(
  bytes: Uint8Array,
  start: number,
  body: number,
  end: number,
  count: number,
  depth: number,
): number {
  if (depth <= 0) return fail(TOO_DEEP, start)
  // A pair takes two bytes at least.
  if (count * 2 > end - body) return fail(TRUNCATED, start)
  let at = body
  let previous = 0
  let previousLength = -1
  for (let i = 0; i < count; i++) {
    if (at >= end) return fail(TRUNCATED, at)
    const lead = bytes[at] as number
    if (lead >> 5 !== 3) return fail(KEY_TYPE, at)
    const length = readArgument(bytes, at, end)
    if (length < 0) return length
    const key = at + headLength(bytes, at)
    if (length > end - key) return fail(TRUNCATED, at)
    if (length <= previousLength) {
      if (length < previousLength) return fail(KEY_ORDER, at)
      const order = compareRange(bytes, previous, key, length)
      if (order >= 0) return fail(order === 0 ? KEY_DUPLICATE : KEY_ORDER, at)
    }
    if (!isValidUtf8(bytes, key, key + length)) return fail(UTF8, at)
    previous = key
    previousLength = length
    at = skipValue(bytes, key + length, end, depth - 1)
    if (at < 0) return at
  }
  return at
}

function compareRange(bytes: Uint8Array, a: number, b: number, length: number): number {
  for (let i = 0; i < length; i++) {
    const difference = (bytes[a + i] as number) - (bytes[b + i] as number)
    if (difference !== 0) return difference
  }
  return 0
}

/** After the head of tag 42: a byte string of 37, which is 0x00 and a binary CID. */
function skipLink(bytes: Uint8Array, start: number, body: number, end: number): number {
  if (body + 39 > end) return fail(TRUNCATED, start)
  if (bytes[body] !== 0x58 || bytes[body + 1] !== 37 || bytes[body + 2] !== 0) return fail(LINK, start)
  return readCidHeader(bytes, body + 3) === CID_UNSUPPORTED ? fail(LINK, start) : body + 39
}

/**
 * 0 when `[from, to)` is exactly one strict value; else a code that indexes `checkCodes`, and
 * `checkFailedAt()` says where.
 */
export function checkDagCbor(
  bytes: Uint8Array,
  from: number,
  to: number,
  limits: CheckLimits = DEFAULT_CHECK_LIMITS,
): number {
  const end = to > bytes.length ? bytes.length : to
  const after = skipValue(bytes, from, end, limits.maxDepth)
  if (after < 0) return -after
  return after === to ? CHECK_OK : -fail(TRAILING, after)
}

/**
 * As `checkDagCbor`, for a whole record: a map of at most 1 MiB. `$type` is not asked for, because
 * records without it exist in real repositories.
 */
export function checkRecord(
  bytes: Uint8Array,
  from: number,
  to: number,
  limits: CheckLimits = DEFAULT_CHECK_LIMITS,
): number {
  if (to - from > MAX_RECORD_BYTES) return -fail(TOO_LARGE, from)
  const failure = checkDagCbor(bytes, from, to, limits)
  if (failure !== CHECK_OK) return failure
  return (bytes[from] as number) >> 5 === 5 ? CHECK_OK : -fail(NOT_MAP, from)
}
