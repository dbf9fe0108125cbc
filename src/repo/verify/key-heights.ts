import type { HeadsOf, Sha256 } from '../../core/hash.ts'
import { heightOf } from '../mst/height.ts'
import { MAX_PATH_BYTES } from '../path.ts'
import { printable } from './key-bytes.ts'

/** Keys that wait at most. A kilobyte or two of typical ones keeps the lanes of a hash busy. */
const KEYS = 512
/** Bytes of keys that wait at most; one key of full length always fits. */
const BYTES = 32 * 1024

export interface WrongHeight {
  /** digest of the node that holds the key */
  readonly digest: Uint8Array
  readonly path: string
  readonly height: number
  readonly layer: number
}

/**
 * Checks the layers of keys against their hashes, many at a time: a hash alone costs more than all else that is
 * checked of a key. Nothing that was added may be relied on before {@link KeyHeights.check}.
 */
export interface KeyHeights {
  /** `key` may change afterwards. */
  add(key: Uint8Array, length: number, layer: number, digest: Uint8Array): void
  /** Gives the first added key that lies on a layer which is not its own. */
  check(): WrongHeight | undefined
  /** there is no room for another key before the next check */
  readonly full: boolean
}

export function createKeyHeights(sha256: Sha256, headsOf: HeadsOf): KeyHeights {
  const bytes = new Uint8Array(BYTES)
  const ends = new Int32Array(KEYS)
  const heads = new Int32Array(KEYS)
  const layers = new Int32Array(KEYS)
  const digests: Uint8Array[] = []
  let count = 0
  let used = 0

  return {
    add(key, length, layer, digest) {
      for (let i = 0; i < length; i++) bytes[used + i] = key[i] ?? 0
      used += length
      ends[count] = used
      layers[count] = layer
      digests[count++] = digest
    },
    check() {
      const waiting = count
      count = 0
      used = 0
      if (waiting === 0) return undefined
      headsOf(bytes, ends, waiting, heads)
      for (let i = 0; i < waiting; i++) {
        const head = heads[i] ?? 0
        const layer = layers[i] ?? 0
        if (head !== 0 && Math.clz32(head) >> 1 === layer) continue
        const key = bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i])
        const height = heightOf(sha256, key)
        const digest = digests[i]
        if (height !== layer && digest !== undefined) return { digest, path: printable(key), height, layer }
      }
      return undefined
    },
    get full() {
      return count === KEYS || used + MAX_PATH_BYTES > BYTES
    },
  }
}
