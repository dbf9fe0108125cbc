import { createSHA256 } from 'hash-wasm'
import { equalAt } from './bytes.ts'
import { sha256Head } from './sha256-head.ts'

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

/** SHA-256 of the bytes, which may be made beside other work: they stay as they are until then. */
export type Digest = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>

/** Below, the way to another thread and back costs more than the hash, bytes. */
const LONG = 64 * 1024

/** What is long is hashed by the platform, on a thread of its own; the rest, and where it has no such hash, here. */
export function createDigest(sha256: Sha256): Digest {
  // Undefined outside secure contexts, whatever the types say.
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  return async (bytes) =>
    bytes.length < LONG || subtle === undefined
      ? sha256(bytes)
      : new Uint8Array(await subtle.digest('SHA-256', bytes))
}

/**
 * Checks that messages have the digests that lie among the same bytes. `messages` holds for each of `count`
 * where it begins, where it ends, and where its 32-byte digest begins. Gives the index of the first that
 * has another digest, or -1.
 *
 * Where all hold, and it can tell at once, it puts 1 into `sound` for each message that is a whole record in strict
 * DAG-CBOR. 0 says that nobody looked, or that it is none.
 */
export type DigestCheck = (
  bytes: Uint8Array,
  messages: Int32Array,
  count: number,
  sound?: Uint8Array,
) => number

/** The check that hashes one message after another. */
export function checkEach(sha256: Sha256): DigestCheck {
  return (bytes, messages, count) => {
    for (let i = 0; i < count; i++) {
      const digest = sha256(bytes.subarray(messages[i * 3], messages[i * 3 + 1]))
      if (!equalAt(digest, 0, bytes, messages[i * 3 + 2] ?? 0, digest.length)) return i
    }
    return -1
  }
}

/**
 * Puts digests among the bytes: as {@link DigestCheck}, with room where each digest belongs. That room lies in no
 * message.
 */
export type DigestFill = (bytes: Uint8Array, messages: Int32Array, count: number, sound?: Uint8Array) => void

/** The fill that hashes one message after another. */
export function fillEach(sha256: Sha256): DigestFill {
  return (bytes, messages, count) => {
    for (let i = 0; i < count; i++)
      bytes.set(sha256(bytes.subarray(messages[i * 3], messages[i * 3 + 1])), messages[i * 3 + 2])
  }
}

/**
 * First words of the SHA-256 of messages that lie one after another: message i ends before `ends[i]` and begins
 * where the one before it ends. `heads` has room for `count` of them, signed 32-bit integers.
 */
export type HeadsOf = (bytes: Uint8Array, ends: Int32Array, count: number, heads: Int32Array) => void

/** The heads, one message after another. */
export const headEach: HeadsOf = (bytes, ends, count, heads) => {
  let from = 0
  for (let i = 0; i < count; i++) {
    const to = ends[i] ?? from
    heads[i] = sha256Head(bytes, from, to)
    from = to
  }
}

/** Many SHA-256 at a time, where a host can. */
export interface Lanes {
  readonly check: DigestCheck
  readonly fill: DigestFill
  readonly heads: HeadsOf
}
