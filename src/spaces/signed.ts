import { concat, utf8 } from '../core/bytes.ts'
import { encodeDagCbor } from '../repo/cbor/encode.ts'
import { verifySignature } from '../repo/signature.ts'
import type { SpaceSigner } from '../repo/space/commit.ts'
import { SpacesError } from './errors.ts'

export const SIGNATURE_BYTES = 64

/** A signature that was read and is still to be checked. */
export interface Signature {
  /** whose, in a word: for errors */
  readonly what: string
  /** `did:key` */
  readonly signer: string
  readonly sig: Uint8Array
  readonly signed: () => Uint8Array
}

/** What is signed: the tag, a zero byte, the map. So no other map that a key signs is taken for this one. */
export const signedBytes = (tag: string, map: Readonly<Record<string, unknown>>): Uint8Array<ArrayBuffer> =>
  concat([utf8(`${tag}\0`), encodeDagCbor(map)])

/** Throws `spaces.invalid` for a signer that is not the one named. */
export async function signAs(signer: SpaceSigner, name: string, bytes: Uint8Array): Promise<Uint8Array> {
  if (signer.id !== name) throw new SpacesError('spaces.invalid', { what: 'signer' })
  return signer.sign(bytes)
}

/** Throws `spaces.bad-signature` unless the key of this `did:key` signed these bytes. */
export async function checkSignature(
  what: string,
  signer: string,
  sig: Uint8Array,
  bytes: Uint8Array,
): Promise<void> {
  const reason = await verifySignature(signer, sig, bytes)
  if (reason !== 'valid') throw new SpacesError('spaces.bad-signature', { what, signer, reason })
}
