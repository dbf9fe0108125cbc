import { fromUtf8Strict } from '../../core/bytes.ts'
import { MAX_DEPTH } from '../../repo/cbor/check.ts'
import { headLength, readArgument } from '../../repo/cbor/head.ts'
import { fold } from './fold.ts'

/** Text of one record that is searched, UTF-16 units. A post has 3,000 at most; an article may have more. */
export const MAX_TEXT = 64 * 1024
/** Strings of one record that are looked at. */
const MAX_STRINGS = 4096

/** Keys whose text is for machines. */
const MACHINE_KEYS: ReadonlySet<string> = new Set([
  '$type',
  'mimeType',
  'langs',
  'lang',
  'cid',
  'createdAt',
  'updatedAt',
  'indexedAt',
])

/** References, times and tokens: values that nobody looks for by their text. */
const REFERENCE = /^(?:at:\/\/|did:[a-z]+:)\S*$/
const CID = /^(?:b[a-z2-7]{58}|Qm[1-9A-HJ-NP-Za-km-z]{44})$/
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/
const TOKEN = /^[a-zA-Z][a-zA-Z0-9-]*(?:\.[a-zA-Z0-9-]+)+#[a-zA-Z0-9]+$/

/**
 * The texts of a record (strict DAG-CBOR that was checked when it was stored) that a person may look for,
 * in order, at most `MAX_TEXT` units in all. Works on the bytes: most records hold none, and decoding them
 * would be the larger part of indexing.
 */
export function recordTexts(bytes: Uint8Array): string[] {
  const texts: string[] = []
  let room = MAX_TEXT
  let strings = 0

  const take = (from: number, to: number): void => {
    if (from === to || room <= 0 || ++strings > MAX_STRINGS) return
    // A unit takes a byte at least. A character cut in two at the end would not decode: go back to its start.
    let end = Math.min(to, from + room * 3)
    while (end < to && end > from && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
    const text = fromUtf8Strict(bytes, from, end)?.slice(0, room)
    if (text === undefined || isForMachines(text)) return
    room -= text.length
    texts.push(text)
  }

  /** Visits one value; returns the offset after it, or less than 0 at a fault. `key` is of the map it is in. */
  const walk = (at: number, depth: number, wanted: boolean): number => {
    const lead = bytes[at]
    if (lead === undefined || depth <= 0) return -1
    const type = lead >> 5
    if (type === 7) return at + 1
    const argument = readArgument(bytes, at, bytes.length)
    if (argument < 0) return -1
    const body = at + headLength(bytes, at)
    if (type < 2) return body
    if (type === 2 || type === 3) {
      const end = body + argument
      if (end > bytes.length) return -1
      if (type === 3 && wanted) take(body, end)
      return end
    }
    // A tag holds a link: the value after it is bytes.
    if (type === 6) return walk(body, depth - 1, false)
    let next = body
    for (let i = 0; i < argument && next >= 0; i++) {
      let want = wanted
      if (type === 5) {
        const length = readArgument(bytes, next, bytes.length)
        const key = next + headLength(bytes, next)
        if (length < 0 || key + length > bytes.length) return -1
        want = wanted && !MACHINE_KEYS.has(asciiKey(bytes, key, length))
        next = key + length
      }
      next = walk(next, depth - 1, want)
    }
    return next
  }
  walk(0, MAX_DEPTH + 2, true)
  return texts
}

/** Parts one text of a record from the next; no folded text holds it. */
const PART = '\x1f'

/** What is searched of a record: its folded texts in one; '' when it has none. */
export function searchText(texts: readonly string[]): string {
  return texts.map(fold).join(PART)
}

function isForMachines(text: string): boolean {
  return REFERENCE.test(text) || CID.test(text) || DATE_TIME.test(text) || TOKEN.test(text)
}

/** A short key as text; longer ones are none of ours. */
function asciiKey(bytes: Uint8Array, from: number, length: number): string {
  if (length > 9) return ''
  let key = ''
  for (let i = from; i < from + length; i++) key += String.fromCharCode(bytes[i] ?? 0)
  return key
}
