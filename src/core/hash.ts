import { createSHA256 } from 'hash-wasm'
import { equalAt } from './bytes.ts'
import { sha256Head } from './sha256-head.ts'
import type { Weave } from './weave.ts'

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

/** SHA-256 of what `make` makes, which may be made beside other work. It is called again where that fails. */
export type Digest = (make: () => Uint8Array<ArrayBuffer>) => Promise<Uint8Array>

/** SHA-256 made on another thread, to which the bytes are given away. Rejects where there is none. */
export type DigestAside = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>

/** Below, the way to the platform's own hash costs more than the hash, bytes. */
const LONG = 64 * 1024
/** From here on it costs more than a thread of its own, bytes. */
const VERY_LONG = 1 << 20

/**
 * What is long is hashed by the platform, and what is very long on a thread of its own where the host has one: Chrome's
 * own hash keeps the thread that asks. The rest, and where the platform has no such hash, here.
 */
export function createDigest(sha256: Sha256, aside?: DigestAside): Digest {
  // Undefined outside secure contexts, whatever the types say.
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  const here = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
    bytes.length < LONG || subtle === undefined
      ? sha256(bytes)
      : new Uint8Array(await subtle.digest('SHA-256', bytes))
  return async (make) => {
    const bytes = make()
    if (aside === undefined || bytes.length < VERY_LONG) return here(bytes)
    return aside(bytes).catch(() => here(make()))
  }
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

/** What is done to many blocks at a time, where a host can. */
export interface Lanes {
  readonly check: DigestCheck
  readonly fill: DigestFill
  readonly heads: HeadsOf
  readonly weave: Weave
}
