import { createSHA256 } from 'hash-wasm'

/** SHA-256 of the bytes, 32 bytes long. Synchronous; the result belongs to the caller. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

/**
 * A SHA-256 that reuses one WebAssembly instance: the fastest way measured in browsers for blocks of a
 * few hundred bytes, where a promise per block costs more than the hash. Needs `wasm-unsafe-eval` in
 * the page's policy. Not re-entrant across threads: make one per worker.
 */
export async function createSha256(): Promise<Sha256> {
  const hasher = await createSHA256()
  return (bytes) => {
    hasher.init()
    hasher.update(bytes)
    return hasher.digest('binary')
  }
}
