import { type ICryptoInterface, pureJsCrypto } from '@libp2p/noise'
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto'
import { Uint8ArrayList } from 'uint8arraylist'

const CIPHER = 'chacha20-poly1305'
/** Bytes of a message's proof. */
const TAG = 16
/** What DER has before the 32 bytes of an X25519 key (RFC 8410). */
const PRIVATE_HEAD = Buffer.from('302e020100300506032b656e04220420', 'hex')
const PUBLIC_HEAD = Buffer.from('302a300506032b656e032100', 'hex')

type Bytes = Uint8Array | Uint8ArrayList

/**
 * What Noise needs, by Node's own cryptography. @libp2p/noise has the same as its default in Node, but hands the
 * key over as bytes each time, of which Node makes a key anew, through two exceptions: more than twice the cost of
 * a small message. And it leaves messages under 1,200 bytes to WebAssembly for that reason.
 */
export function createNoiseCrypto(): ICryptoInterface {
  /** A connection has two keys for its whole life; they go with it. */
  const keys = new WeakMap<Uint8Array, KeyObject>()
  const keyOf = (bytes: Uint8Array): KeyObject => {
    let key = keys.get(bytes)
    if (key === undefined) keys.set(bytes, (key = createSecretKey(bytes)))
    return key
  }
  return {
    getHKDF: pureJsCrypto.getHKDF,
    hashSHA256(data) {
      const hash = createHash('sha256')
      for (const part of partsOf(data)) hash.update(part)
      return hash.digest()
    },
    generateX25519KeyPair() {
      const { publicKey, privateKey } = generateKeyPairSync('x25519', {
        publicKeyEncoding: { type: 'spki', format: 'der' },
        privateKeyEncoding: { type: 'pkcs8', format: 'der' },
      })
      return {
        publicKey: publicKey.subarray(PUBLIC_HEAD.length),
        privateKey: privateKey.subarray(PRIVATE_HEAD.length),
      }
    },
    generateX25519KeyPairFromSeed(seed) {
      const publicKey = createPublicKey(privateKeyOf(seed)).export({ type: 'spki', format: 'der' })
      return { publicKey: publicKey.subarray(PUBLIC_HEAD.length), privateKey: seed }
    },
    generateX25519SharedKey: (privateKey, publicKey) =>
      diffieHellman({
        privateKey: privateKeyOf(privateKey.subarray()),
        publicKey: createPublicKey({
          key: Buffer.concat([PUBLIC_HEAD, publicKey.subarray()]),
          format: 'der',
          type: 'spki',
        }),
      }),
    chaCha20Poly1305Encrypt(plain, nonce, ad, key) {
      const cipher = createCipheriv(CIPHER, keyOf(key), nonce, { authTagLength: TAG })
      cipher.setAAD(ad, { plaintextLength: plain.byteLength })
      const out = new Uint8ArrayList()
      for (const part of partsOf(plain)) out.append(cipher.update(part))
      cipher.final()
      out.append(cipher.getAuthTag())
      return out
    },
    chaCha20Poly1305Decrypt(sealed, nonce, ad, key) {
      const end = sealed.byteLength - TAG
      const cipher = createDecipheriv(CIPHER, keyOf(key), nonce, { authTagLength: TAG })
      cipher.setAAD(ad, { plaintextLength: end })
      cipher.setAuthTag(sealed.subarray(end))
      const parts = partsOf(sealed instanceof Uint8Array ? sealed.subarray(0, end) : sealed.sublist(0, end))
      const out = new Uint8ArrayList()
      for (const part of parts) out.append(cipher.update(part))
      // Throws when the proof is wrong; a stream cipher has no bytes left here.
      cipher.final()
      return out
    },
  }
}

const partsOf = (bytes: Bytes): Iterable<Uint8Array> => (bytes instanceof Uint8Array ? [bytes] : bytes)

const privateKeyOf = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([PRIVATE_HEAD, seed]), format: 'der', type: 'pkcs8' })
