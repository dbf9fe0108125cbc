/** Keys of tree nodes as bytes, on the path that every record of an import takes. */

export const SLASH = 0x2f

/** Whether both begin with the same bytes. */
export function samePrefix(a: Uint8Array, b: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Bytewise order of a key and the first `lastLength` bytes of another, without a view of them. */
export function compareTo(key: Uint8Array, last: Uint8Array, lastLength: number): number {
  const length = Math.min(key.length, lastLength)
  for (let i = 0; i < length; i++) {
    const difference = (key[i] ?? 0) - (last[i] ?? 0)
    if (difference !== 0) return difference
  }
  return key.length - lastLength
}

/** A hostile key may be any bytes; a report shows them as Latin-1. */
export function printable(key: Uint8Array): string {
  return String.fromCharCode(...key.subarray(0, 200))
}
