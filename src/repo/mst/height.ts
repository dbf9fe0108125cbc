import type { Sha256 } from '../../core/hash.ts'
import { sha256Head } from '../../core/sha256-head.ts'

/**
 * The layer that the key in bytes [from, to) belongs to: leading zero bits of its SHA-256, counted in pairs
 * (fanout 4). Source: atproto repository spec, "MST structure".
 */
export function heightOf(sha256: Sha256, bytes: Uint8Array, from = 0, to = bytes.length): number {
  const head = sha256Head(bytes, from, to)
  if (head !== 0) return Math.clz32(head) >> 1
  // Sixteen layers up: one key in four thousand million.
  const digest = sha256(bytes.subarray(from, to))
  let pairs = 0
  for (const byte of digest) {
    if (byte !== 0) return pairs + ((Math.clz32(byte) - 24) >> 1)
    pairs += 4
  }
  return pairs
}
