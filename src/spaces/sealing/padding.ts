import { concat, copyRange } from '../../core/bytes.ts'

/** Bytes of the length that stands before what is padded. */
export const LENGTH_BYTES = 4
const SMALLEST = 256
/** Up to here sizes are powers of two; beyond, those of Padmé. */
const POWERS_UP_TO = 65_536

/**
 * The padded size for `length` bytes, the prefix counted in: powers of two from 256 B to 64 KiB, then Padmé (Nikitin et
 * al., "Reducing Metadata Leakage from Encrypted Files", 2019), which adds at most 12 % and shows O(log log n) bits.
 */
export function paddedSize(length: number): number {
  if (length <= SMALLEST) return SMALLEST
  const exponent = 31 - Math.clz32(length)
  if (length <= POWERS_UP_TO) return length === 2 ** exponent ? length : 2 ** (exponent + 1)
  const kept = 32 - Math.clz32(exponent)
  const step = 2 ** (exponent - kept)
  return Math.ceil(length / step) * step
}

/** True for sizes that `pad` gives. */
export const isPaddedSize = (size: number): boolean => size >= SMALLEST && paddedSize(size) === size

/** The length as 4 bytes, big-endian; the content; zeros. */
export function pad(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(paddedSize(LENGTH_BYTES + length))
  new DataView(out.buffer).setUint32(0, length)
  out.set(concat(parts), LENGTH_BYTES)
  return out
}

/** The content of what `pad` made; undefined for anything else. One content has one padded form. */
export function unpad(padded: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (padded.length < LENGTH_BYTES) return undefined
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0)
  const end = LENGTH_BYTES + length
  if (end > padded.length || paddedSize(end) !== padded.length) return undefined
  for (let at = end; at < padded.length; at++) if (padded[at] !== 0) return undefined
  return copyRange(padded, LENGTH_BYTES, end)
}
