import { headEach, type HeadsOf, type Sha256 } from '../../core/hash.ts'
import { heightOf } from './height.ts'

/** Keys that are hashed in one go: some 20 KB of them. */
const AT_ONCE = 512

/** The layers that keys belong to, in their order, hashed many at a time where the host can: see {@link heightOf}. */
export function heightsOf(
  keys: readonly Uint8Array[],
  sha256: Sha256,
  headsOf: HeadsOf = headEach,
): Uint8Array {
  const heights = new Uint8Array(keys.length)
  const ends = new Int32Array(Math.min(keys.length, AT_ONCE))
  const heads = new Int32Array(ends.length)
  for (let first = 0; first < keys.length; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, keys.length - first)
    let size = 0
    for (let i = 0; i < count; i++) ends[i] = size += keys[first + i]?.length ?? 0
    const bytes = new Uint8Array(size)
    for (let i = 0, at = 0; i < count; i++) {
      const key = keys[first + i]
      if (key !== undefined) bytes.set(key, at)
      at = ends[i] ?? at
    }
    headsOf(bytes, ends, count, heads)
    for (let i = 0; i < count; i++) {
      const head = heads[i] ?? 0
      const key = keys[first + i]
      heights[first + i] = head === 0 && key !== undefined ? heightOf(sha256, key) : Math.clz32(head) >> 1
    }
  }
  return heights
}
