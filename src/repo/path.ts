import { MAX_NSID, MAX_RECORD_KEY } from '../core/syntax.ts'

/**
 * Keys of the tree: a collection (NSID), a slash, a record key. Checked on raw bytes, because it
 * happens once for each record of an import.
 *
 * Specs: atproto "repository", "NSID", "record key".
 */

/** Longest path, in bytes. */
export const MAX_PATH_BYTES = 1024

/** Longest DNS label, which a segment of an NSID is. */
const MAX_SEGMENT = 63

const LETTER = 1
const DIGIT = 2
const HYPHEN = 4
/** `_ ~ . :`, which with the above make up record keys. */
const KEY_ONLY = 8

const DOT_BYTE = 0x2e
const SLASH_BYTE = 0x2f

const CLASSES = new Uint8Array(256)
for (let i = 0; i < 26; i++) {
  CLASSES[0x41 + i] = LETTER
  CLASSES[0x61 + i] = LETTER
}
for (let i = 0; i < 10; i++) CLASSES[0x30 + i] = DIGIT
CLASSES[0x2d] = HYPHEN
for (const char of '_~.:') CLASSES[char.charCodeAt(0)] = KEY_ONLY

/** True when `[from, to)` holds a path that a repository may have. */
export function checkPath(bytes: Uint8Array, from: number, to: number): boolean {
  if (to > bytes.length || to - from > MAX_PATH_BYTES) return false
  const slash = checkCollection(bytes, from, to)
  return slash >= 0 && checkRecordKey(bytes, slash + 1, to)
}

/** Holds a path only while it is checked. */
const scratch = new Uint8Array(MAX_PATH_BYTES)

/** As `checkPath`, for text. */
export function checkPathString(path: string): boolean {
  const { length } = path
  if (length > MAX_PATH_BYTES) return false
  // No unit above ASCII is legal in a path, so none has to be encoded: 0xff stands for all of them.
  for (let i = 0; i < length; i++) scratch[i] = Math.min(path.charCodeAt(i), 0xff)
  return checkPath(scratch, 0, length)
}

/** The offset of the slash after a valid NSID, or -1. */
function checkCollection(bytes: Uint8Array, from: number, to: number): number {
  let segments = 0
  let start = from
  let last = 0
  let sawHyphen = false
  for (let at = from; at < to; at++) {
    // `at` is below `to`, which is at most the length.
    const byte = bytes[at] as number
    const kind = CLASSES[byte] as number
    if ((kind & (LETTER | DIGIT)) !== 0) {
      // The first segment, a top-level domain, begins with a letter.
      if (at === from && kind === DIGIT) return -1
    } else if (kind === HYPHEN) {
      if (at === start) return -1
      sawHyphen = true
    } else if (byte === DOT_BYTE || byte === SLASH_BYTE) {
      if (at === start || at - start > MAX_SEGMENT || last === HYPHEN) return -1
      segments++
      if (byte === SLASH_BYTE) {
        if (segments < 3 || sawHyphen || at - from > MAX_NSID) return -1
        // The last segment is a name: letters and digits, a letter first.
        return CLASSES[bytes[start] as number] === LETTER ? at : -1
      }
      start = at + 1
      sawHyphen = false
    } else {
      return -1
    }
    last = kind
  }
  return -1
}

function checkRecordKey(bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from
  if (length < 1 || length > MAX_RECORD_KEY) return false
  if (length <= 2 && bytes[from] === DOT_BYTE && bytes[to - 1] === DOT_BYTE) return false
  for (let at = from; at < to; at++) {
    if (CLASSES[bytes[at] as number] === 0) return false
  }
  return true
}
