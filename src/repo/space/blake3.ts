import blake3 from 'hash-wasm/dist/blake3.umd.min.js'
import { LTHASH_BYTES } from './lthash.ts'
import type { Blake3Xof } from './lthash.ts'

/**
 * BLAKE3 with an output as long as a state of LtHash. It reuses one WebAssembly instance, six times as fast as the
 * same in JavaScript. Not re-entrant across threads: make one per worker. It comes from a file of its own: the library's
 * main file would bring it along to all who hash with SHA-256.
 */
export async function createBlake3Xof(): Promise<Blake3Xof> {
  const hasher = await blake3.createBLAKE3(LTHASH_BYTES * 8)
  return (message) => {
    hasher.init()
    hasher.update(message)
    return hasher.digest('binary')
  }
}
