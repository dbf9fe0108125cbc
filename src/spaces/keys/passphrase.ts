import { deriveKey, gcmOpen, gcmSeal, importSecret, KEY_BYTES } from '../crypto.ts'
import { utf8 } from '../../core/bytes.ts'
import { KeysError } from './errors.ts'

const TAG = 'cairn.passphrase.v1'
/**
 * scrypt (RFC 7914) with the cost that OWASP's password storage sheet names first: 128 MiB for each guess, so that a
 * graphics card is not much better at guessing than the device that sealed. PBKDF2, which WebCrypto has, gives that up.
 * Other costs are another format.
 */
export const SCRYPT = { n: 131_072, r: 8, p: 1 } as const
/** UTF-16 units of a passphrase. */
const MAX_PASSPHRASE = 1024

/** A key of 32 bytes by a passphrase: for what is sealed once with this salt of 32 random bytes. */
async function keyOf(passphrase: string, salt: Uint8Array): Promise<CryptoKey> {
  if (passphrase === '' || passphrase.length > MAX_PASSPHRASE)
    throw new KeysError('keys.invalid', { what: 'passphrase' })
  const { scryptAsync } = await import('@noble/hashes/scrypt.js')
  const { n, r, p } = SCRYPT
  // One passphrase has one form, whatever keyboard it was typed on.
  const typed = utf8(passphrase.normalize('NFKC'))
  const made = await scryptAsync(typed, salt, { N: n, r, p, dkLen: KEY_BYTES })
  return deriveKey(await importSecret(made), salt, [TAG])
}

/** `content` sealed by a passphrase. Throws KeysError `keys.invalid` for an empty one. */
export async function sealByPassphrase(
  passphrase: string,
  salt: Uint8Array,
  content: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  return gcmSeal(await keyOf(passphrase, salt), [TAG], content)
}

/** What was sealed; undefined when the passphrase is another or the bytes are. */
export async function openByPassphrase(
  passphrase: string,
  salt: Uint8Array,
  sealed: Uint8Array,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return gcmOpen(await keyOf(passphrase, salt), [TAG], sealed)
}
