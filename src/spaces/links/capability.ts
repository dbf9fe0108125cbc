import * as v from 'valibot'
import { parseCid } from '../../core/cid.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import {
  deriveKey,
  GCM_TAG_BYTES,
  gcmOpen,
  gcmSeal,
  importSecret,
  KEY_BYTES,
  type Random,
  randomBytes,
} from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { bytesOf, bytesUpTo, flag, link as cidLink, readMap, spaceUri, time, version1 } from '../maps.ts'
import { isPaddedSize, pad, unpad } from '../sealing/padding.ts'
import { isLinkKey } from './link-key.ts'
import { linkPlace, type ShortLink } from './place.ts'
import { relayAddresses } from './relays.ts'

const SEAL_TAG = 'cairn.space.join-seal.v1'
const TAG = 'cairn.space.join.v1'

const MAX_CAPABILITY_BYTES = 8192
/** Longest in a long link: a QR code still holds it. */
export const MAX_LONG_CAPABILITY_BYTES = 2048
const MAX_TITLE = 200

/** What a link lets in as: a viewer link, an editor link. */
export type LinkRole = 'reader' | 'writer'

/** What a join link gives to its holder. Bytes: docs/spaces.md. */
export interface Capability {
  readonly space: string
  /** CID of the space's first operation: the URI alone would let whoever found the authority's key begin it again */
  readonly root: string
  /** shown before joining; the inviter's words, proven by nothing */
  readonly title: string
  /** addresses, hints only */
  readonly relays: readonly string[]
  readonly role: LinkRole
  /** ask to join: an admin decides, and no key is given */
  readonly approval: boolean
  /** the link's private key, 32 bytes */
  readonly key: Uint8Array
  /** ms since 1970; null for no end */
  readonly expires: number | null
  /** the epoch to read from, or none */
  readonly epoch: { readonly name: Uint8Array; readonly key: Uint8Array } | null
}

const shape = v.strictObject({
  ver: version1,
  space: spaceUri,
  root: cidLink,
  title: v.pipe(v.string(), v.maxLength(MAX_TITLE)),
  relays: relayAddresses,
  role: v.picklist(['reader', 'writer']),
  approval: flag,
  key: v.pipe(
    bytesOf(KEY_BYTES),
    v.check((it) => isLinkKey(it)),
  ),
  expires: v.nullable(time),
  epoch: v.nullable(v.strictObject({ name: bytesOf(KEY_BYTES), key: bytesOf(KEY_BYTES) })),
})

/** DAG-CBOR of the capability. Throws `spaces.capability-malformed` for one that nobody would take. */
export function encodeCapability(capability: Capability): Uint8Array<ArrayBuffer> {
  const { space, root, title, relays, role, approval, key, expires, epoch } = capability
  if (parseCid(root) === undefined) throw new SpacesError('spaces.capability-malformed', { reason: 'root' })
  const bytes = encodeDagCbor({
    ...{ ver: 1, space, root: { $link: root }, title, relays: [...relays], role, approval, key, expires },
    epoch: epoch === null ? null : { name: epoch.name, key: epoch.key },
  })
  parseCapability(bytes)
  return bytes
}

/** Throws `spaces.capability-malformed`, `spaces.version`. */
export function parseCapability(bytes: Uint8Array): Capability {
  const { ver: _ver, ...capability } = readMap(
    bytes,
    shape,
    'spaces.capability-malformed',
    MAX_CAPABILITY_BYTES,
  )
  if (capability.approval && capability.epoch !== null)
    throw new SpacesError('spaces.capability-malformed', { reason: 'epoch' })
  return capability
}

const sealedShape = v.strictObject({
  ver: version1,
  salt: bytesOf(KEY_BYTES),
  sealed: v.pipe(
    bytesUpTo(MAX_CAPABILITY_BYTES * 2),
    v.check((it) => isPaddedSize(it.length - GCM_TAG_BYTES)),
  ),
})
/** Longest sealed capability. */
const MAX_SEALED_CAPABILITY_BYTES = MAX_CAPABILITY_BYTES * 2 + 128

/** The bytes for a relay to keep under `linkPlace(link.id)`. Sealing anew, for a new epoch, has a new salt. */
export async function sealCapability(
  link: ShortLink,
  capability: Capability,
  random: Random,
): Promise<Uint8Array<ArrayBuffer>> {
  const salt = randomBytes(random, KEY_BYTES)
  const key = await deriveKey(await importSecret(link.secret), salt, [SEAL_TAG])
  const plain = pad([encodeCapability(capability)])
  const sealed = await gcmSeal(key, [TAG, await linkPlace(link.id)], plain)
  return encodeDagCbor({ ver: 1, salt, sealed })
}

/**
 * What a relay gave for this link, opened.
 *
 * @throws SpacesError `spaces.capability-malformed`, `spaces.capability-broken`, `spaces.version`
 */
export async function openCapability(link: ShortLink, bytes: Uint8Array): Promise<Capability> {
  const { salt, sealed } = readMap(
    bytes,
    sealedShape,
    'spaces.capability-malformed',
    MAX_SEALED_CAPABILITY_BYTES,
  )
  const key = await deriveKey(await importSecret(link.secret), salt, [SEAL_TAG])
  const padded = await gcmOpen(key, [TAG, await linkPlace(link.id)], sealed)
  if (padded === undefined) throw new SpacesError('spaces.capability-broken')
  const content = unpad(padded)
  if (content === undefined) throw new SpacesError('spaces.capability-malformed', { reason: 'padding' })
  return parseCapability(content)
}
