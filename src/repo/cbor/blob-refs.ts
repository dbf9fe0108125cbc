import { equalAt, fromUtf8Strict, utf8 } from '../../core/bytes.ts'
import { CID_BYTES, CID_HEADER_BYTES, cidString, CODEC_RAW, parseCid, readCidHeader } from '../../core/cid.ts'
import { MAX_DEPTH, skipValue } from './check.ts'
import { headLength, readArgument } from './head.ts'

/** A record's mention of a blob. The bytes it means are elsewhere; type and size are its claims. */
export interface BlobRef {
  /** CID as text, codec raw */
  readonly cid: string
  readonly mimeType: string
  /** bytes; undefined in the form of before 2023, which does not say */
  readonly size: number | undefined
}

/** Most blobs that one record may name: far above any lexicon, and a bound on what one record costs. */
export const MAX_BLOB_REFS = 1000

const MIME_TYPE = utf8('mimeType')
const TYPE = utf8('$type')
const REF = utf8('ref')
const SIZE = utf8('size')
const CID = utf8('cid')
const BLOB = utf8('blob')

/**
 * The blobs that a record's bytes `[from, to)` mention, in order, doubles kept: maps of `$type: blob`
 * with `ref`, `mimeType` and `size`, and the older `{ cid, mimeType }`. The bytes should have passed
 * `checkRecord`; what has not gives the blobs up to its first fault. At most `MAX_BLOB_REFS`.
 */
export function findBlobRefs(bytes: Uint8Array, from = 0, to = bytes.length): BlobRef[] {
  const refs: BlobRef[] = []
  const end = Math.min(to, bytes.length)
  // Most records mention none; a scan for the one key that both forms share is far cheaper than a walk.
  if (mentions(bytes, from, end, MIME_TYPE)) walk(bytes, from, end, MAX_DEPTH, refs)
  return refs
}

function mentions(bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  const first = word[0]
  const last = to - word.length
  for (let at = from; at <= last; at++) {
    if (bytes[at] === first && equalAt(bytes, at, word, 0, word.length)) return true
  }
  return false
}

/** Visits one value and returns the offset after it, or less than 0 at a fault. */
function walk(bytes: Uint8Array, at: number, end: number, depth: number, refs: BlobRef[]): number {
  // An index at or after `end` makes `skipValue` fail.
  const type = at < end ? (bytes[at] as number) >> 5 : -1
  if (type !== 4 && type !== 5) return skipValue(bytes, at, end, depth)
  if (depth <= 0) return -1
  const count = readArgument(bytes, at, end)
  if (count < 0) return -1
  const body = at + headLength(bytes, at)
  return type === 4
    ? walkArray(bytes, body, end, count, depth - 1, refs)
    : walkMap(bytes, body, end, count, depth - 1, refs)
}

function walkArray(
  bytes: Uint8Array,
  body: number,
  end: number,
  count: number,
  depth: number,
  refs: BlobRef[],
): number {
  let at = body
  // Each item takes a byte at least, or the walk fails: bounded by the bytes.
  for (let i = 0; i < count && at >= 0; i++) at = walk(bytes, at, end, depth, refs)
  return at
}

function walkMap(
  bytes: Uint8Array,
  body: number,
  end: number,
  count: number,
  depth: number,
  refs: BlobRef[],
): number {
  let type = -1
  let ref = -1
  let mimeType = -1
  let size = -1
  let cid = -1
  let at = body
  for (let i = 0; i < count; i++) {
    const value = skipValue(bytes, at, end, depth)
    if (value < 0 || (bytes[at] as number) >> 5 !== 3) return -1
    if (isText(bytes, at, value, TYPE)) type = value
    else if (isText(bytes, at, value, REF)) ref = value
    else if (isText(bytes, at, value, MIME_TYPE)) mimeType = value
    else if (isText(bytes, at, value, SIZE)) size = value
    else if (isText(bytes, at, value, CID)) cid = value
    at = walk(bytes, value, end, depth, refs)
    if (at < 0) return at
  }
  if (mimeType >= 0 && refs.length < MAX_BLOB_REFS) {
    const found =
      type >= 0 && isText(bytes, type, at, BLOB)
        ? modernRef(bytes, end, ref, mimeType, size)
        : count === 2 && cid >= 0
          ? legacyRef(bytes, end, cid, mimeType)
          : undefined
    if (found !== undefined) refs.push(found)
  }
  return at
}

function modernRef(
  bytes: Uint8Array,
  end: number,
  ref: number,
  mimeType: number,
  size: number,
): BlobRef | undefined {
  // Tag 42, byte string of 37, 0x00, CID.
  if (ref < 0 || bytes[ref] !== 0xd8 || readCidHeader(bytes, ref + 5) !== CODEC_RAW) return undefined
  const mime = readText(bytes, mimeType, end)
  const length = size >= 0 && (bytes[size] as number) >> 5 === 0 ? readArgument(bytes, size, end) : -1
  if (mime === undefined || length < 0) return undefined
  const digest = bytes.subarray(ref + 5 + CID_HEADER_BYTES, ref + 5 + CID_BYTES)
  return { cid: cidString(CODEC_RAW, digest), mimeType: mime, size: length }
}

function legacyRef(bytes: Uint8Array, end: number, cid: number, mimeType: number): BlobRef | undefined {
  const text = readText(bytes, cid, end)
  const mime = readText(bytes, mimeType, end)
  if (text === undefined || mime === undefined || parseCid(text)?.codec !== CODEC_RAW) return undefined
  return { cid: text, mimeType: mime, size: undefined }
}

/** True when the value at `at` is the text `word` in shortest form. All words are below 24 bytes. */
function isText(bytes: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  return (
    at + 1 + word.length <= end &&
    bytes[at] === (0x60 | word.length) &&
    equalAt(bytes, at + 1, word, 0, word.length)
  )
}

function readText(bytes: Uint8Array, at: number, end: number): string | undefined {
  if ((bytes[at] as number) >> 5 !== 3) return undefined
  const length = readArgument(bytes, at, end)
  const body = at + headLength(bytes, at)
  return length < 0 || body + length > end ? undefined : fromUtf8Strict(bytes, body, body + length)
}
