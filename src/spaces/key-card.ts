import { p256 } from '@noble/curves/nist.js'
import * as v from 'valibot'
import { encodeDagCbor } from '../repo/cbor/encode.ts'
import type { SpaceSigner } from '../repo/space/commit.ts'
import { SpacesError } from './errors.ts'
import { bytesOf, deviceDid, readMap, version1 } from './maps.ts'
import { checkSignature, signAs, type Signature, SIGNATURE_BYTES, signedBytes } from './signed.ts'

const TAG = 'cairn.device.key-card.v1'
/** Longest key card; one is some 270 bytes. */
export const MAX_KEY_CARD_BYTES = 512
/** An uncompressed point of P-256, as HPKE has public keys. */
export const HPKE_KEY_BYTES = 65

/** A device says which key is its own for HPKE. A signing key cannot agree on keys, so there are two. */
export interface KeyCard {
  /** `did:key` of the device */
  readonly device: string
  /** 65 bytes: an uncompressed point of P-256 */
  readonly key: Uint8Array
}

const shape = v.strictObject({
  ver: version1,
  device: deviceDid,
  key: bytesOf(HPKE_KEY_BYTES),
  sig: bytesOf(SIGNATURE_BYTES),
})

const unsigned = ({ device, key }: KeyCard): Record<string, unknown> => ({ ver: 1, device, key })

/** A signed card. Throws `spaces.card-malformed` for a key that is no point, `spaces.invalid` for another's signer. */
export async function signKeyCard(card: KeyCard, signer: SpaceSigner): Promise<Uint8Array<ArrayBuffer>> {
  const sig = await signAs(signer, card.device, signedBytes(TAG, unsigned(card)))
  const bytes = encodeDagCbor({ ...unsigned(card), sig })
  await readKeyCard(bytes)
  return bytes
}

/**
 * What a card says, once it is proven: its signature, and that the key is on the curve.
 *
 * @throws SpacesError `spaces.card-malformed`, `spaces.version`, `spaces.bad-signature`
 */
export async function readKeyCard(bytes: Uint8Array): Promise<KeyCard> {
  const { card, signature } = parseKeyCard(bytes)
  const { what, signer, sig, signed } = signature
  await checkSignature(what, signer, sig, signed())
  return card
}

/** The same without the proof: what it says, and the signature that is to be checked. Throws as `readKeyCard`. */
export function parseKeyCard(bytes: Uint8Array): { readonly card: KeyCard; readonly signature: Signature } {
  const { device, key, sig } = readMap(bytes, shape, 'spaces.card-malformed', MAX_KEY_CARD_BYTES)
  try {
    if (key[0] !== 4) throw new RangeError('compressed')
    p256.Point.fromBytes(key).assertValidity()
  } catch (cause) {
    throw new SpacesError('spaces.card-malformed', { reason: 'key' }, { cause })
  }
  const card = { device, key }
  const signed = (): Uint8Array => signedBytes(TAG, unsigned(card))
  return { card, signature: { what: 'key-card', signer: device, sig, signed } }
}
