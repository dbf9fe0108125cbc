import * as v from 'valibot'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { encodeParts, GCM_TAG_BYTES, KEY_BYTES } from '../crypto.ts'
import type { KeyUnwrap, KeyWrap } from '../epochs/wrap.ts'
import { SpacesError } from '../errors.ts'
import { HPKE_KEY_BYTES, type KeyCard } from '../key-card.ts'
import { bytesOf, bytesUpTo, readMap, version1 } from '../maps.ts'
import { isPaddedSize, pad, unpad } from '../sealing/padding.ts'
import type { DeviceOffer } from './device-offer.ts'
import { type DeviceLink, grantPlace } from './device-place.ts'
import { isLinkKey } from './link-key.ts'

const SEAL_TAG = 'cairn.space.device-grant-seal.v1'
const TAG = 'cairn.space.device-grant.v1'
export const MAX_GRANT_EPOCHS = 16
/** Grants are filled up to so much: their size tells nobody what is in them. */
const FULL_BYTES = 1900
const MAX_BYTES = 2048
const MAX_SEALED_BYTES = 2048 + GCM_TAG_BYTES

/** What the first device gives to the new one, once that is one of its person's. Bytes: docs/spaces.md. */
export interface DeviceGrant {
  /** keys to read by, newest first; at most 16 */
  readonly epochs: readonly { readonly name: Uint8Array; readonly key: Uint8Array }[]
  /** the authority's private key, where the first device holds it */
  readonly authority: Uint8Array | null
}

const bytes32 = bytesOf(KEY_BYTES)
const shape = v.strictObject({
  ver: version1,
  epochs: v.pipe(v.array(v.strictObject({ name: bytes32, key: bytes32 })), v.maxLength(MAX_GRANT_EPOCHS)),
  authority: v.nullable(
    v.pipe(
      bytes32,
      v.check((it) => isLinkKey(it)),
    ),
  ),
  fill: v.pipe(
    bytesUpTo(FULL_BYTES),
    v.check((it) => it.every((byte) => byte === 0)),
  ),
})
const sealedShape = v.strictObject({
  ver: version1,
  enc: bytesOf(HPKE_KEY_BYTES),
  sealed: v.pipe(
    bytesUpTo(MAX_SEALED_BYTES),
    v.check((it) => isPaddedSize(it.length - GCM_TAG_BYTES)),
  ),
})

const additionalOf = async (link: DeviceLink, device: string): Promise<Uint8Array> =>
  encodeParts([TAG, await grantPlace(link), device])

/**
 * The bytes for a relay to keep at `grantPlace`: for the device that answered this offer, whoever else has the link.
 *
 * @throws SpacesError `spaces.device-malformed` for what nobody would take; KeysError `keys.invalid`
 */
export async function sealDeviceGrant(
  link: DeviceLink,
  offer: Pick<DeviceOffer, 'key'>,
  to: KeyCard,
  { epochs, authority }: DeviceGrant,
  wrap: KeyWrap,
): Promise<Uint8Array<ArrayBuffer>> {
  const map = { ver: 1, epochs: epochs.map(({ name, key }) => ({ name, key })), authority }
  const { length } = encodeDagCbor({ ...map, fill: new Uint8Array() })
  const plain = encodeDagCbor({ ...map, fill: new Uint8Array(Math.max(0, FULL_BYTES - length)) })
  readMap(plain, shape, 'spaces.device-malformed', MAX_BYTES)
  const { enc, sealed } = await wrap.seal(
    to.key,
    encodeParts([SEAL_TAG, offer.key]),
    await additionalOf(link, to.device),
    pad([plain]),
  )
  return encodeDagCbor({ ver: 1, enc, sealed })
}

/**
 * What a relay gave at `grantPlace`. The offer's key is part of what it is sealed with, so the relay, which lacks it,
 * cannot put one of its own.
 *
 * @throws SpacesError `spaces.device-malformed`, `spaces.device-broken`, `spaces.version`
 */
export async function openDeviceGrant(
  link: DeviceLink,
  offer: Pick<DeviceOffer, 'key'>,
  bytes: Uint8Array,
  unwrap: KeyUnwrap,
): Promise<DeviceGrant> {
  const { enc, sealed } = readMap(bytes, sealedShape, 'spaces.device-malformed', MAX_SEALED_BYTES + 256)
  const padded = await unwrap.open(
    { enc, sealed },
    encodeParts([SEAL_TAG, offer.key]),
    await additionalOf(link, unwrap.device),
  )
  if (padded === undefined) throw new SpacesError('spaces.device-broken')
  const content = unpad(padded)
  if (content === undefined) throw new SpacesError('spaces.device-malformed', { reason: 'padding' })
  const { epochs, authority } = readMap(content, shape, 'spaces.device-malformed', MAX_BYTES)
  return { epochs, authority }
}
