import * as v from 'valibot'
import { fromHex, toHex } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import { KEY_BYTES } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { ascending, bytesOf, deviceDid, readMap, spaceUri, version1 } from '../maps.ts'
import { checkSignature, signAs, type Signature, SIGNATURE_BYTES, signedBytes } from '../signed.ts'
import { type LinkRecord, MAX_USES } from './record.ts'

const TAG = 'cairn.space.link-closing.v1'
const MAX_BYTES = 65_536

/** Why a link was closed, the strongest first. */
export const CLOSING_REASONS = ['revoked', 'expired', 'used-up'] as const
export type ClosingReason = (typeof CLOSING_REASONS)[number]

/** A link is closed: these joins count, and no other. */
export interface LinkClosing {
  readonly space: string
  readonly link: string
  readonly reason: ClosingReason
  /** ids of joins, hexadecimal, ascending */
  readonly joins: readonly string[]
  /** the device that closed it; whether it may is for the members to say */
  readonly by: string
}

const shape = v.strictObject({
  ver: version1,
  space: spaceUri,
  link: deviceDid,
  reason: v.picklist(CLOSING_REASONS),
  joins: v.pipe(v.array(bytesOf(KEY_BYTES)), v.maxLength(MAX_USES)),
  by: deviceDid,
  sig: bytesOf(SIGNATURE_BYTES),
})

function unsigned({ space, link, reason, joins, by }: LinkClosing): Record<string, unknown> {
  const ids = joins.map((it) => fromHex(it) ?? new Uint8Array())
  return { ver: 1, space, link, reason, joins: ids, by }
}

/** A signed closing. Throws as `readLinkClosing`, and `spaces.invalid` for another's signer. */
export async function signLinkClosing(
  closing: LinkClosing,
  signer: SpaceSigner,
): Promise<Uint8Array<ArrayBuffer>> {
  const sig = await signAs(signer, closing.by, signedBytes(TAG, unsigned(closing)))
  const bytes = encodeDagCbor({ ...unsigned(closing), sig })
  await readLinkClosing(bytes, closing)
  return bytes
}

/**
 * A closing of this link whose signature holds.
 *
 * @throws SpacesError `spaces.closing-malformed`, `spaces.version`, `spaces.join-other`, `spaces.bad-signature`
 */
export async function readLinkClosing(
  bytes: Uint8Array,
  of: Pick<LinkRecord, 'space' | 'link'>,
): Promise<LinkClosing> {
  const { closing, signature } = parseLinkClosing(bytes)
  if (closing.space !== of.space) throw new SpacesError('spaces.join-other', { reason: 'space' })
  if (closing.link !== of.link) throw new SpacesError('spaces.join-other', { reason: 'link' })
  const { what, signer, sig, signed } = signature
  await checkSignature(what, signer, sig, signed())
  return closing
}

/** A closing of any link, without the proof. Throws `spaces.closing-malformed`, `spaces.version`. */
export function parseLinkClosing(bytes: Uint8Array): {
  readonly closing: LinkClosing
  readonly signature: Signature
} {
  const read = readMap(bytes, shape, 'spaces.closing-malformed', MAX_BYTES)
  const { space, link, reason, by, sig } = read
  const closing = { space, link, reason, joins: read.joins.map(toHex), by }
  if (!ascending(closing.joins)) throw new SpacesError('spaces.closing-malformed', { reason: 'joins' })
  const signed = (): Uint8Array => signedBytes(TAG, unsigned(closing))
  return { closing, signature: { what: 'link-closing', signer: by, sig, signed } }
}
