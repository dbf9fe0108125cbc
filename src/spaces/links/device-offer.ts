import * as v from 'valibot'
import { parseCid } from '../../core/cid.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { KEY_BYTES, type Random } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { bytesOf, bytesUpTo, deviceDid, link as cidLink, readMap, spaceUri, time, version1 } from '../maps.ts'
import { type DeviceLink, offerPlace } from './device-place.ts'
import { MAX_MESSAGE_BYTES, openMessage, sealMessage } from './device-seal.ts'
import { isLinkKey } from './link-key.ts'
import { relayAddresses } from './relays.ts'

const SEAL_TAG = 'cairn.space.device-offer-seal.v1'
const TAG = 'cairn.space.device-offer.v1'
/** Offers are filled up to so much, so that their size tells nobody whether the authority's key is in one. */
const FULL_BYTES = 1200

/** What the first device gives to the new one. Bytes: docs/spaces.md, "Another device of one's own". */
export interface DeviceOffer {
  readonly space: string
  /** CID of the space's first operation */
  readonly root: string
  /** addresses, hints only */
  readonly relays: readonly string[]
  /** whose device the new one becomes */
  readonly person: string
  /** the first device: who will make the operation */
  readonly by: string
  /** the epoch to read from, or none */
  readonly epoch: { readonly name: Uint8Array; readonly key: Uint8Array } | null
  /** ms since 1970: answers are from before */
  readonly expires: number
  /** 32 random bytes: the answer is to this offer and no other */
  readonly key: Uint8Array
  /** the authority's private key, where the owner hands it on */
  readonly authority: Uint8Array | null
}

const bytes32 = bytesOf(KEY_BYTES)
const offerShape = v.strictObject({
  ver: version1,
  space: spaceUri,
  root: cidLink,
  relays: relayAddresses,
  person: deviceDid,
  by: deviceDid,
  epoch: v.nullable(v.strictObject({ name: bytes32, key: bytes32 })),
  expires: time,
  key: bytes32,
  fill: v.pipe(
    bytesUpTo(FULL_BYTES),
    v.check((it) => it.every((byte) => byte === 0)),
  ),
  authority: v.nullable(
    v.pipe(
      bytes32,
      v.check((it) => isLinkKey(it)),
    ),
  ),
})

/** The bytes for a relay to keep at `offerPlace`. Throws `spaces.device-malformed` for what nobody would take. */
export async function sealDeviceOffer(
  link: DeviceLink,
  offer: DeviceOffer,
  random: Random,
): Promise<Uint8Array<ArrayBuffer>> {
  if (parseCid(offer.root) === undefined) throw new SpacesError('spaces.device-malformed', { reason: 'root' })
  const { root, relays, epoch, ...rest } = offer
  const map = {
    ...{ ver: 1, ...rest, root: { $link: root }, relays: [...relays] },
    epoch: epoch === null ? null : { name: epoch.name, key: epoch.key },
  }
  const { length } = encodeDagCbor(map)
  const plain = encodeDagCbor({ ...map, fill: new Uint8Array(Math.max(0, FULL_BYTES - length)) })
  readOffer(plain)
  return sealMessage(link, [SEAL_TAG], [TAG, await offerPlace(link)], plain, random)
}

/**
 * What a relay gave at `offerPlace`, opened. Whether it has expired is for the caller to say.
 *
 * @throws SpacesError `spaces.device-malformed`, `spaces.device-broken`, `spaces.version`
 */
export const openDeviceOffer = async (link: DeviceLink, bytes: Uint8Array): Promise<DeviceOffer> =>
  readOffer(await openMessage(link, [SEAL_TAG], [TAG, await offerPlace(link)], bytes))

function readOffer(bytes: Uint8Array): DeviceOffer {
  const {
    ver: _ver,
    fill: _fill,
    ...offer
  } = readMap(bytes, offerShape, 'spaces.device-malformed', MAX_MESSAGE_BYTES)
  return offer
}
