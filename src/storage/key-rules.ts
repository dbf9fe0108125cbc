import { StorageError } from './errors.ts'
import type { Range } from './port.ts'

/**
 * Refuses a key that is not ASCII (`storage.failed`, reason `key`). IndexedDB orders keys by UTF-16
 * code units and LevelDB by UTF-8 bytes; over ASCII both orders are the same.
 */
export function checkKey(key: string): void {
  for (let at = 0; at < key.length; at++) {
    if (key.charCodeAt(at) > 0x7f) throw new StorageError('storage.failed', { reason: 'key', key })
  }
}

/** True when no key can lie in the range, or nothing of it is wanted. */
export function isEmptyRange(range: Range): boolean {
  if (limitOf(range) <= 0) return true
  return range.to !== undefined && (range.from ?? '') >= range.to
}

/** The most rows wanted; `Infinity` where the range does not say. */
export function limitOf(range: Range): number {
  return range.limit ?? Number.POSITIVE_INFINITY
}
