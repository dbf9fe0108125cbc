import * as v from 'valibot'
import { toHex } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { encodeParts, GCM_TAG_BYTES, KEY_BYTES } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { HPKE_KEY_BYTES, type KeyCard } from '../key-card.ts'
import { bytesOf, deviceDid, readMap, spaceUri, version1 } from '../maps.ts'
import { type Epoch, nameBytes } from './epoch.ts'
import { openEpoch, type OpenEpoch } from './keys.ts'

const TAG = 'cairn.space.epoch-wrap.v1'
const MAX_WRAP_BYTES = 4096

/** What HPKE gives (RFC 9180): the encapsulated key, and the ciphertext. */
export interface HpkeSealed {
  /** 65 bytes */
  readonly enc: Uint8Array
  readonly sealed: Uint8Array
}

/**
 * HPKE in base mode, single-shot, with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. The host brings it;
 * the private key stays with it.
 */
export interface KeyWrap {
  /** For a public key: 65 bytes, a point that is on the curve. */
  seal(key: Uint8Array, info: Uint8Array, additional: Uint8Array, plain: Uint8Array): Promise<HpkeSealed>
}

/** The other side of `KeyWrap`, for one device's own private key. */
export interface KeyUnwrap {
  /** `did:key` of the device whose key this is */
  readonly device: string
  /** undefined when it does not open: never throws for what came from others */
  open(it: HpkeSealed, info: Uint8Array, additional: Uint8Array): Promise<Uint8Array | undefined>
}

/** An epoch's key for one device, sealed. */
export interface Wrap extends HpkeSealed {
  readonly space: string
  /** name of the epoch, hexadecimal */
  readonly epoch: string
  readonly device: string
}

const shape = v.strictObject({
  ver: version1,
  space: spaceUri,
  epoch: bytesOf(KEY_BYTES),
  device: deviceDid,
  enc: bytesOf(HPKE_KEY_BYTES),
  sealed: bytesOf(KEY_BYTES + GCM_TAG_BYTES),
})

const infoOf = ({ space, name }: Pick<Epoch, 'space' | 'name'>): Uint8Array =>
  encodeParts([TAG, space, nameBytes(name)])

/** Who is asking for a wrap, and may not have one. */
export interface WrapRules {
  /** true for devices that this one knows to have lost access */
  isRemoved(device: string): boolean
  /** true for one's own other devices, which need not be listed: one's devices have what one has */
  isOwn?(device: string): boolean
}

/**
 * The epoch's key for one device, by anyone who holds it: bytes to publish. `card` is one that `readKeyCard` has
 * proven.
 *
 * @throws SpacesError `spaces.not-recipient`, `spaces.removed`
 */
export async function wrapEpoch(
  open: OpenEpoch,
  card: KeyCard,
  rules: WrapRules,
  hpke: KeyWrap,
): Promise<Uint8Array<ArrayBuffer>> {
  const { info } = open
  const { device } = card
  if (!info.recipients.includes(device) && rules.isOwn?.(device) !== true)
    throw new SpacesError('spaces.not-recipient', { epoch: info.name, device })
  if (rules.isRemoved(device)) throw new SpacesError('spaces.removed', { device })
  const { enc, sealed } = await hpke.seal(card.key, infoOf(info), encodeParts([device]), open.key)
  const { space, name } = info
  const bytes = encodeDagCbor({ ver: 1, space, epoch: nameBytes(name), device, enc, sealed })
  parseWrap(bytes)
  return bytes
}

/** Reads a wrap. Throws `spaces.wrap-malformed`, `spaces.version`. */
export function parseWrap(bytes: Uint8Array): Wrap {
  const { ver: _ver, epoch, ...wrap } = readMap(bytes, shape, 'spaces.wrap-malformed', MAX_WRAP_BYTES)
  return { ...wrap, epoch: toHex(epoch) }
}

/**
 * The epoch with the key that was wrapped for this device, whoever wrapped it.
 *
 * @throws SpacesError `spaces.wrap-other` (of another space, epoch or device), `spaces.wrap-broken`,
 *   `spaces.epoch-key` (what was wrapped is not its key)
 */
export async function unwrapEpoch(info: Epoch, wrap: Wrap, own: KeyUnwrap): Promise<OpenEpoch> {
  const other =
    wrap.space !== info.space
      ? 'space'
      : wrap.epoch !== info.name
        ? 'epoch'
        : wrap.device !== own.device
          ? 'device'
          : undefined
  if (other !== undefined) throw new SpacesError('spaces.wrap-other', { reason: other })
  const key = await own.open(wrap, infoOf(info), encodeParts([wrap.device]))
  if (key?.length !== KEY_BYTES) throw new SpacesError('spaces.wrap-broken', { epoch: info.name })
  return openEpoch(info, key)
}
