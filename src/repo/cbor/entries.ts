import { fromUtf8Strict } from '../../core/bytes.ts'
import { MAX_DEPTH, skipValue } from './check.ts'
import { headLength } from './head.ts'

/** Where the parts of a map's pair lie in the array. */
export interface Entry {
  /** the key's head */
  readonly key: number
  /** the value's head */
  readonly from: number
  /** after the value */
  readonly to: number
}

/**
 * The pairs of a small map that `checkDagCbor` has passed, by key; undefined when the value at `from`
 * is not a map. For commits and headers: it allocates, so not for records by the thousand.
 */
export function readEntries(bytes: Uint8Array, from: number, to: number): Map<string, Entry> | undefined {
  // `from` is below `to` for any value that the check has passed.
  if (from >= to || (bytes[from] as number) >> 5 !== 5) return undefined
  const entries = new Map<string, Entry>()
  let at = from + headLength(bytes, from)
  while (at < to) {
    const afterKey = skipValue(bytes, at, to, MAX_DEPTH)
    const afterValue = afterKey < 0 ? afterKey : skipValue(bytes, afterKey, to, MAX_DEPTH)
    if (afterValue < 0) return undefined
    const text = fromUtf8Strict(bytes, at + headLength(bytes, at), afterKey)
    if (text === undefined) return undefined
    entries.set(text, { key: at, from: afterKey, to: afterValue })
    at = afterValue
  }
  return entries
}
