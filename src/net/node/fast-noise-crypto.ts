import { type ICryptoInterface, pureJsCrypto } from '@libp2p/noise'
import { createMessageCipher } from './message-cipher.ts'

/**
 * What Noise computes with in a browser: @libp2p/noise's own JavaScript, but for the messages after the handshake,
 * which are all that there are many of. Undefined where the faster cipher cannot run: then it is that JavaScript
 * for all of it.
 */
export async function fastNoiseCrypto(): Promise<ICryptoInterface | undefined> {
  const cipher = await createMessageCipher()
  if (cipher === undefined) return undefined
  return {
    ...pureJsCrypto,
    chaCha20Poly1305Encrypt(message, nonce, additional, key) {
      const sealed = additional.length === 0 ? cipher.seal(message, nonce, key) : undefined
      return sealed ?? pureJsCrypto.chaCha20Poly1305Encrypt(message, nonce, additional, key)
    },
    chaCha20Poly1305Decrypt(sealed, nonce, additional, key, into) {
      if (additional.length > 0)
        return pureJsCrypto.chaCha20Poly1305Decrypt(sealed, nonce, additional, key, into)
      const message = cipher.open(sealed, nonce, key)
      if (message === undefined) throw new Error('a message was not sealed with this key')
      if (into === undefined) return message.slice()
      into.set(message)
      return into
    },
  }
}
