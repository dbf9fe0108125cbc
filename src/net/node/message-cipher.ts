import type { Sodium } from 'libsodium'

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** A longer one is none of Noise, whose messages are at most so long when they are sealed. */
const LONGEST = 65_535

/** One array, or a list of several that are one message together. */
export type MessageBytes = Uint8Array | Iterable<Uint8Array>

/** ChaCha20-Poly1305 (RFC 8439) of messages without additional data. */
export interface MessageCipher {
  /** The sealed message, its tag at its end; undefined for one that is too long for this cipher. */
  seal(message: MessageBytes, nonce: Uint8Array, key: Uint8Array): Uint8Array<ArrayBuffer> | undefined
  /** A view of what was sealed, valid until the next call; undefined where the tag is not its own. */
  open(sealed: MessageBytes, nonce: Uint8Array, key: Uint8Array): Uint8Array | undefined
}

/** libsodium's, in WebAssembly: several times as fast as JavaScript. Undefined where WebAssembly may not run. */
export async function createMessageCipher(): Promise<MessageCipher | undefined> {
  const sodium = await load()
  if (sodium === undefined) return undefined
  const at = sodium._malloc(KEY_BYTES + NONCE_BYTES + LONGEST + TAG_BYTES)
  const [keyAt, nonceAt, dataAt] = [at, at + KEY_BYTES, at + KEY_BYTES + NONCE_BYTES]

  /** Puts all of it where the library works. Gives its length, or undefined when it is too long. */
  const put = (message: MessageBytes, nonce: Uint8Array, key: Uint8Array): number | undefined => {
    if (key.length !== KEY_BYTES || nonce.length !== NONCE_BYTES) throw new RangeError('a key or a nonce')
    const memory = sodium.HEAPU8
    let length = 0
    for (const part of message instanceof Uint8Array ? [message] : message) {
      if (length + part.length > LONGEST) return undefined
      memory.set(part, dataAt + length)
      length += part.length
    }
    memory.set(key, keyAt)
    memory.set(nonce, nonceAt)
    return length
  }
  return {
    seal(message, nonce, key) {
      const length = put(message, nonce, key)
      if (length === undefined) return undefined
      sodium._crypto_aead_chacha20poly1305_ietf_encrypt(
        ...([dataAt, 0, dataAt, length, 0, 0, 0, 0, 0, nonceAt, keyAt] as const),
      )
      return sodium.HEAPU8.slice(dataAt, dataAt + length + TAG_BYTES)
    },
    open(sealed, nonce, key) {
      const length = put(sealed, nonce, key) ?? 0
      if (length < TAG_BYTES) return undefined
      const failed = sodium._crypto_aead_chacha20poly1305_ietf_decrypt(
        ...([dataAt, 0, 0, dataAt, length, 0, 0, 0, 0, nonceAt, keyAt] as const),
      )
      return failed === 0 ? sodium.HEAPU8.subarray(dataAt, dataAt + length - TAG_BYTES) : undefined
    },
  }
}

async function load(): Promise<Sodium | undefined> {
  try {
    const { default: start } = await import('libsodium')
    return await start()
  } catch {
    return undefined
  }
}
