import * as v from 'valibot'
import { toHex } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import { digest } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { type KeyCard, MAX_KEY_CARD_BYTES, parseKeyCard } from '../key-card.ts'
import { bytesOf, bytesUpTo, deviceDid, readMap, spaceUri, time, version1 } from '../maps.ts'
import { checkSignature, signAs, type Signature, SIGNATURE_BYTES, signedBytes } from '../signed.ts'
import type { LinkRecord } from './record.ts'

const LINK_TAG = 'cairn.space.link-join.v1'
const DEVICE_TAG = 'cairn.space.join-request.v1'
/** Longest join. */
const MAX_JOIN_BYTES = 4096

/** A device wants in by a link. */
export interface JoinFields {
  readonly space: string
  /** `did:key` of the link */
  readonly link: string
  /** `did:key` of the device */
  readonly device: string
  /** bytes of the device's key card */
  readonly card: Uint8Array
  /** ms since 1970, by the newcomer's own clock */
  readonly at: number
}

/** A join whose both signatures hold. */
export interface Join extends JoinFields {
  /** hexadecimal SHA-256 of what was signed: one id, whatever the signatures */
  readonly id: string
  /** what the card says */
  readonly keys: KeyCard
}

const shape = v.strictObject({
  ver: version1,
  space: spaceUri,
  link: deviceDid,
  device: deviceDid,
  card: bytesUpTo(MAX_KEY_CARD_BYTES),
  at: time,
  linkSig: bytesOf(SIGNATURE_BYTES),
  sig: bytesOf(SIGNATURE_BYTES),
})

const unsigned = ({ space, link, device, card, at }: JoinFields): Record<string, unknown> => {
  return { ver: 1, space, link, device, card, at }
}

/** A join, signed by the link's key (`linkSigner`) and the device's. Throws as `readJoin`, and `spaces.invalid`. */
export async function signJoin(
  fields: JoinFields,
  linkSigner: SpaceSigner,
  deviceSigner: SpaceSigner,
): Promise<Uint8Array<ArrayBuffer>> {
  const map = unsigned(fields)
  const linkSig = await signAs(linkSigner, fields.link, signedBytes(LINK_TAG, map))
  const sig = await signAs(deviceSigner, fields.device, signedBytes(DEVICE_TAG, map))
  const bytes = encodeDagCbor({ ...map, linkSig, sig })
  await readJoin(bytes, fields)
  return bytes
}

/**
 * A join by this link, proven: who sent it has the link's key and the device's, and the card is the device's.
 *
 * @throws SpacesError `spaces.join-malformed`, `spaces.version`, `spaces.join-other` (reason `space`, `link`, or
 *   `device`: another's card), `spaces.bad-signature`, `spaces.card-malformed`
 */
export async function readJoin(bytes: Uint8Array, of: Pick<LinkRecord, 'space' | 'link'>): Promise<Join> {
  const { fields, keys, named, signatures } = parseJoin(bytes)
  if (fields.space !== of.space) throw new SpacesError('spaces.join-other', { reason: 'space' })
  if (fields.link !== of.link) throw new SpacesError('spaces.join-other', { reason: 'link' })
  for (const { what, signer, sig, signed } of signatures) await checkSignature(what, signer, sig, signed())
  return { ...fields, id: toHex(await digest(named)), keys }
}

/** A join by any link, without the proof. */
export interface ParsedJoin {
  readonly fields: JoinFields
  readonly keys: KeyCard
  /** the join's id is the SHA-256 of these bytes */
  readonly named: Uint8Array<ArrayBuffer>
  /** of the link, the device, and the card */
  readonly signatures: readonly Signature[]
}

/** Throws `spaces.join-malformed`, `spaces.version`, `spaces.join-other` (`device`), `spaces.card-malformed`. */
export function parseJoin(bytes: Uint8Array): ParsedJoin {
  const read = readMap(bytes, shape, 'spaces.join-malformed', MAX_JOIN_BYTES)
  const { ver: _ver, linkSig, sig, ...fields } = read
  const { card, signature } = parseKeyCard(fields.card)
  if (card.device !== fields.device) throw new SpacesError('spaces.join-other', { reason: 'device' })
  const named = signedBytes(DEVICE_TAG, unsigned(fields))
  const byLink = (): Uint8Array => signedBytes(LINK_TAG, unsigned(fields))
  const signatures = [
    { what: 'join-link', signer: fields.link, sig: linkSig, signed: byLink },
    { what: 'join', signer: fields.device, sig, signed: () => named },
    signature,
  ]
  return { fields, keys: card, named, signatures }
}
