import { p256 } from '@noble/curves/nist.js'
import { formatDidKey } from '../../repo/signature.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import { type Random, randomBytes } from '../crypto.ts'
import { SpacesError } from '../errors.ts'

/** A private key of P-256. */
const LINK_KEY_BYTES = 32
/** One try in 2^32 gives no key; a source that never does is broken. */
const TRIES = 8

/** True for 32 bytes that are a private key of P-256. */
export const isLinkKey = (key: Uint8Array): boolean =>
  key.length === LINK_KEY_BYTES && p256.utils.isValidSecretKey(key)

/** A new private key for a link. It is made to be handed on, so it is bytes. */
export function createLinkKey(random: Random): Uint8Array<ArrayBuffer> {
  for (let i = 0; i < TRIES; i++) {
    const key = randomBytes(random, LINK_KEY_BYTES)
    if (isLinkKey(key)) return key
  }
  throw new SpacesError('spaces.invalid', { what: 'random' })
}

/** Signs as the link. Throws `spaces.invalid` for bytes that are no key. */
export function linkSigner(key: Uint8Array): SpaceSigner {
  if (!isLinkKey(key)) throw new SpacesError('spaces.invalid', { what: 'link-key' })
  return {
    id: formatDidKey({ curve: 'p256', point: p256.getPublicKey(key, true) }),
    sign: async (bytes) => p256.sign(bytes, key, { prehash: true, lowS: true, format: 'compact' }),
  }
}
