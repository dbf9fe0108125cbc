import { createBLAKE3 } from 'hash-wasm'
import { LTHASH_BYTES } from './lthash.ts'
import type { Blake3Xof } from './lthash.ts'

/**
 * BLAKE3 with an output as long as a state of LtHash. It reuses one WebAssembly instance, six times as fast as the
 * same in JavaScript. Not re-entrant across threads: make one per worker.
 */
export async function createBlake3Xof(): Promise<Blake3Xof> {
  const hasher = await createBLAKE3(LTHASH_BYTES * 8)
  return (message) => {
    hasher.init()
    hasher.update(message)
    return hasher.digest('binary')
  }
}
