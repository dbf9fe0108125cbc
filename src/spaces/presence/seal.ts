import { fromBase64Url, toBase64Url } from '@atcute/multibase'
import * as v from 'valibot'
import { equalBytes, toHex } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import {
  deriveKey,
  GCM_TAG_BYTES,
  gcmOpen,
  gcmSeal,
  KEY_BYTES,
  type Parts,
  type Random,
  randomBytes,
} from '../crypto.ts'
import { bytesOf, bytesUpTo, version1 } from '../maps.ts'
import { isPaddedSize, pad, unpad } from '../sealing/padding.ts'
import type { EpochKey } from '../sealing/record.ts'
import { PresenceError } from './errors.ts'
import { parseWord, readAs, signWord, type Word, type WordFields } from './word.ts'

const KEY_TAG = 'cairn.space.presence-key.v1'
const TAG = 'cairn.space.presence-seal.v1'
/** Largest word once it is padded. */
const MAX_PADDED = 32_768
const MAX_SEALED_BYTES = 33_024
/** Longest payload: base64url, so that it fits an event of 64 KiB of JSON with room to spare. */
export const MAX_PAYLOAD = Math.ceil((MAX_SEALED_BYTES * 4) / 3)

const shape = v.strictObject({
  ver: version1,
  epoch: bytesOf(KEY_BYTES),
  salt: bytesOf(KEY_BYTES),
  sealed: v.pipe(
    bytesUpTo(MAX_PADDED + GCM_TAG_BYTES),
    v.check((it) => isPaddedSize(it.length - GCM_TAG_BYTES)),
  ),
})

const keyParts = (space: string, salt: Uint8Array): Parts => [KEY_TAG, space, salt]
const additional = (space: string, epoch: Uint8Array): Parts => [TAG, space, epoch]

/**
 * The payload that says a word to those who can read: signed by its device, then sealed under the epoch. Each has a
 * salt, and so a key, of its own.
 *
 * @throws PresenceError `presence.malformed`, `presence.too-large`
 */
export async function sealWord(
  fields: Omit<WordFields, 'epoch'>,
  key: EpochKey,
  signer: SpaceSigner,
  random: Random,
): Promise<string> {
  const { space } = fields
  const { epoch } = key
  const salt = randomBytes(random, KEY_BYTES)
  // At once: others wait for each key that is typed.
  const [signed, aes] = await Promise.all([
    signWord({ ...fields, epoch }, signer),
    deriveKey(key.secret, salt, keyParts(space, salt)),
  ])
  const sealed = await gcmSeal(aes, additional(space, epoch), pad([signed]))
  return toBase64Url(encodeDagCbor({ ver: 1, epoch, salt, sealed }))
}

/**
 * What a payload says, opened. **Its signature is not checked yet.** `find` gives the key of an epoch by its name,
 * hexadecimal, where words under it count.
 *
 * @throws PresenceError `presence.malformed`, `presence.epoch`, `presence.broken`
 */
export async function openWord(
  payload: unknown,
  space: string,
  find: (epoch: string) => Promise<EpochKey | undefined>,
): Promise<Word> {
  const { epoch, salt, sealed } = readAs(bytesOfPayload(payload), shape, MAX_SEALED_BYTES)
  const name = toHex(epoch)
  const key = await find(name)
  if (key === undefined) throw new PresenceError('presence.epoch', { epoch: name })
  const aes = await deriveKey(key.secret, salt, keyParts(space, salt))
  const padded = await gcmOpen(aes, additional(space, epoch), sealed)
  if (padded === undefined) throw new PresenceError('presence.broken')
  const content = unpad(padded)
  if (content === undefined) throw new PresenceError('presence.malformed', { reason: 'padding' })
  const word = parseWord(content)
  // Who holds the key of one epoch or space must not make a word of another out of it.
  if (word.space !== space) throw new PresenceError('presence.malformed', { reason: 'space' })
  if (!equalBytes(word.epoch, epoch)) throw new PresenceError('presence.malformed', { reason: 'epoch' })
  return word
}

function bytesOfPayload(payload: unknown): Uint8Array {
  if (typeof payload !== 'string' || payload.length > MAX_PAYLOAD)
    throw new PresenceError('presence.malformed', { reason: 'payload' })
  try {
    return fromBase64Url(payload)
  } catch (cause) {
    throw new PresenceError('presence.malformed', { reason: 'base64' }, { cause })
  }
}
