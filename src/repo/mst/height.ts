import type { Sha256 } from '../../core/hash.ts'

/**
 * The layer a key belongs to: leading zero bits of its SHA-256, counted in pairs (fanout 4).
 * Source: atproto repository spec, "MST structure".
 */
export function heightOf(sha256: Sha256, key: Uint8Array): number {
  const digest = sha256(key)
  let pairs = 0
  for (let i = 0; i < digest.length; i++) {
    const byte = digest[i] ?? 0
    if (byte === 0) {
      pairs += 4
      continue
    }
    return pairs + (Math.clz32(byte) - 24 >> 1)
  }
  return pairs
}
