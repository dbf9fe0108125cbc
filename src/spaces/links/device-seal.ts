import * as v from 'valibot'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import {
  deriveKey,
  GCM_TAG_BYTES,
  gcmOpen,
  gcmSeal,
  importSecret,
  KEY_BYTES,
  type Parts,
  type Random,
  randomBytes,
} from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { bytesOf, bytesUpTo, readMap, version1 } from '../maps.ts'
import { isPaddedSize, pad, unpad } from '../sealing/padding.ts'
import type { DeviceLink } from './device-place.ts'

/** What a message may be, unsealed. */
export const MAX_MESSAGE_BYTES = 4096
/** Longest sealed message. */
const MAX_SEALED_BYTES = MAX_MESSAGE_BYTES * 2

const sealedShape = v.strictObject({
  ver: version1,
  salt: bytesOf(KEY_BYTES),
  sealed: v.pipe(
    bytesUpTo(MAX_SEALED_BYTES),
    v.check((it) => isPaddedSize(it.length - GCM_TAG_BYTES)),
  ),
})

/** A message for who has the link: `info` is for the key, `additional` says where it is kept. */
export async function sealMessage(
  { secret }: DeviceLink,
  info: Parts,
  additional: Parts,
  plain: Uint8Array<ArrayBuffer>,
  random: Random,
): Promise<Uint8Array<ArrayBuffer>> {
  const salt = randomBytes(random, KEY_BYTES)
  const key = await deriveKey(await importSecret(secret), salt, info)
  return encodeDagCbor({ ver: 1, salt, sealed: await gcmSeal(key, additional, pad([plain])) })
}

/** Throws `spaces.device-malformed`, `spaces.device-broken`, `spaces.version`. */
export async function openMessage(
  { secret }: DeviceLink,
  info: Parts,
  additional: Parts,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const { salt, sealed } = readMap(bytes, sealedShape, 'spaces.device-malformed', MAX_SEALED_BYTES)
  const key = await deriveKey(await importSecret(secret), salt, info)
  const padded = await gcmOpen(key, additional, sealed)
  if (padded === undefined) throw new SpacesError('spaces.device-broken')
  const content = unpad(padded)
  if (content === undefined) throw new SpacesError('spaces.device-malformed', { reason: 'padding' })
  return content
}
