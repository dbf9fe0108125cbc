/** Keys of tree nodes as bytes, on the path that every record of an import takes. */

export const SLASH = 0x2f

/** Whether both begin with the same bytes. */
export function samePrefix(a: Uint8Array, b: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Bytewise order of the first bytes of two arrays, without a view of either. */
export function compareKeys(a: Uint8Array, aLength: number, b: Uint8Array, bLength: number): number {
  const length = Math.min(aLength, bLength)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return aLength - bLength
}

/** A hostile key may be any bytes; a report shows them as Latin-1. */
export function printable(key: Uint8Array): string {
  return String.fromCharCode(...key.subarray(0, 200))
}
