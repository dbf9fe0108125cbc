import { encodeDagCbor } from '../repo/cbor/encode.ts'
import { SpacesError } from './errors.ts'

/** As many bytes of chance as are asked for: `crypto.getRandomValues` of the host. */
export type Random = (length: number) => Uint8Array

/** Bytes of keys, salts and digests. */
export const KEY_BYTES = 32
/** What AES-GCM adds. */
export const GCM_TAG_BYTES = 16

/** Each key seals once, so the nonce need not differ (docs/spaces.md). */
const NONCE = new Uint8Array(12)
const AES = { name: 'AES-GCM', length: 256 } as const

/** Parts of a derivation or of additional data. As DAG-CBOR no two lists of parts have the same bytes. */
export type Parts = readonly (string | number | boolean | Uint8Array)[]

export const encodeParts = (parts: Parts): Uint8Array<ArrayBuffer> => encodeDagCbor(parts)

/** Parts, or their encoding. */
type Encoded = Parts | Uint8Array<ArrayBuffer>

const encoded = (parts: Encoded): Uint8Array<ArrayBuffer> =>
  parts instanceof Uint8Array ? parts : encodeParts(parts)

/** Random bytes that are as many as asked for: a source that gives fewer must not make a weak key. */
export function randomBytes(random: Random, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(random(length))
  if (bytes.length !== length) throw new SpacesError('spaces.invalid', { what: 'random' })
  return bytes
}

/** A key of 32 bytes from which others are derived. Throws `spaces.invalid`. */
export async function importSecret(secret: Uint8Array): Promise<CryptoKey> {
  if (secret.length !== KEY_BYTES) throw new SpacesError('spaces.invalid', { what: 'key' })
  return crypto.subtle.importKey('raw', new Uint8Array(secret), 'HKDF', false, ['deriveKey', 'deriveBits'])
}

const hkdf = (salt: Uint8Array, info: Encoded): HkdfParams => ({
  name: 'HKDF',
  hash: 'SHA-256',
  salt: new Uint8Array(salt),
  info: encoded(info),
})

/** An AES-256-GCM key by HKDF-SHA-256 (RFC 5869). */
export const deriveKey = (secret: CryptoKey, salt: Uint8Array, info: Encoded): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(hkdf(salt, info), secret, AES, false, ['encrypt', 'decrypt'])

/** `length` bytes by HKDF-SHA-256 without salt. */
export async function deriveBytes(
  secret: CryptoKey,
  info: Parts,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.deriveBits(hkdf(new Uint8Array(), info), secret, length * 8))
}

/** AES-256-GCM. The key must have sealed nothing yet. */
export async function gcmSeal(
  key: CryptoKey,
  additional: Encoded,
  plain: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: 'AES-GCM', iv: NONCE, additionalData: encoded(additional) }
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, key, plain))
}

/** What was sealed; undefined when a byte of it, of the key or of the additional data is another. */
export async function gcmOpen(
  key: CryptoKey,
  additional: Encoded,
  sealed: Uint8Array,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const algorithm = { name: 'AES-GCM', iv: NONCE, additionalData: encoded(additional) }
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, new Uint8Array(sealed)))
  } catch {
    // WebCrypto says no more than that it failed.
    return undefined
  }
}

/** SHA-256. */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}
