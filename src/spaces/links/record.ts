import * as v from 'valibot'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import { KEY_BYTES } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { bytesOf, deviceDid, flag, readMap, spaceUri, time, version1 } from '../maps.ts'
import { checkSignature, signAs, type Signature, SIGNATURE_BYTES, signedBytes } from '../signed.ts'
import type { LinkRole } from './capability.ts'

const TAG = 'cairn.space.link.v1'
const MAX_BYTES = 4096
/** Most uses of a link: a closing lists them all. */
export const MAX_USES = 1024

/** The space's own word about a join link. */
export interface LinkRecord {
  readonly space: string
  /** `did:key` of the link */
  readonly link: string
  readonly role: LinkRole
  readonly approval: boolean
  /** ms since 1970: no join is from before */
  readonly created: number
  /** ms since 1970: joins are from before; null for no end */
  readonly expires: number | null
  /** 1 to 1,024 */
  readonly uses: number
  /** name of the epoch whose key it carried when it was made, 32 bytes; null when none, or with `approval` */
  readonly epoch: Uint8Array | null
  /** the device that made it; whether it may is for the members to say */
  readonly by: string
}

const shape = v.strictObject({
  ver: version1,
  space: spaceUri,
  link: deviceDid,
  role: v.picklist(['reader', 'writer']),
  approval: flag,
  created: time,
  expires: v.nullable(time),
  uses: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_USES)),
  epoch: v.nullable(bytesOf(KEY_BYTES)),
  by: deviceDid,
  sig: bytesOf(SIGNATURE_BYTES),
})

const unsigned = (record: LinkRecord): Record<string, unknown> => {
  const { space, link, role, approval, created, expires, uses, epoch, by } = record
  return { ver: 1, space, link, role, approval, created, expires, uses, epoch, by }
}

/** A signed link record. Throws as `readLinkRecord`, and `spaces.invalid` for another's signer. */
export async function signLinkRecord(
  record: LinkRecord,
  signer: SpaceSigner,
): Promise<Uint8Array<ArrayBuffer>> {
  const sig = await signAs(signer, record.by, signedBytes(TAG, unsigned(record)))
  const bytes = encodeDagCbor({ ...unsigned(record), sig })
  await readLinkRecord(bytes)
  return bytes
}

/**
 * A link record whose signature holds.
 *
 * @throws SpacesError `spaces.link-record-malformed`, `spaces.version`, `spaces.bad-signature`
 */
export async function readLinkRecord(bytes: Uint8Array): Promise<LinkRecord> {
  const { record, signature } = parseLinkRecord(bytes)
  const { what, signer, sig, signed } = signature
  await checkSignature(what, signer, sig, signed())
  return record
}

/** The same without the proof. Throws `spaces.link-record-malformed`, `spaces.version`. */
export function parseLinkRecord(bytes: Uint8Array): {
  readonly record: LinkRecord
  readonly signature: Signature
} {
  const read = readMap(bytes, shape, 'spaces.link-record-malformed', MAX_BYTES)
  const { ver: _ver, sig, ...record } = read
  if (record.approval && record.epoch !== null)
    throw new SpacesError('spaces.link-record-malformed', { reason: 'epoch' })
  if (record.expires !== null && record.expires <= record.created)
    throw new SpacesError('spaces.link-record-malformed', { reason: 'expires' })
  const signed = (): Uint8Array => signedBytes(TAG, unsigned(record))
  return { record, signature: { what: 'link-record', signer: record.by, sig, signed } }
}
