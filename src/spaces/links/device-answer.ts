import * as v from 'valibot'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import type { Parts, Random } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { type KeyCard, MAX_KEY_CARD_BYTES, readKeyCard } from '../key-card.ts'
import { bytesOf, bytesUpTo, deviceDid, readMap, time, version1 } from '../maps.ts'
import { isConsent, signConsent } from '../members/consent.ts'
import { SIGNATURE_BYTES } from '../signed.ts'
import type { DeviceOffer } from './device-offer.ts'
import { answerPlace, type DeviceLink } from './device-place.ts'
import { MAX_MESSAGE_BYTES, openMessage, sealMessage } from './device-seal.ts'

const SEAL_TAG = 'cairn.space.device-answer-seal.v1'
const TAG = 'cairn.space.device-answer.v1'
const MAX_NAME = 64

/** What the new device gives back. */
export interface DeviceAnswer {
  /** `did:key` of the new device */
  readonly device: string
  /** bytes of its key card */
  readonly card: Uint8Array
  /** what the first device shows before it makes the operation: at most 64 characters */
  readonly name: string
  /** ms since 1970, by the new device's clock */
  readonly at: number
}

/** An answer whose consent and card hold. */
export interface ProvenAnswer extends DeviceAnswer {
  /** for the body of a `device` operation by `offer.by` */
  readonly consent: Uint8Array
  /** what the card says */
  readonly keys: KeyCard
}

const answerShape = v.strictObject({
  ver: version1,
  device: deviceDid,
  consent: bytesOf(SIGNATURE_BYTES),
  card: bytesUpTo(MAX_KEY_CARD_BYTES),
  name: v.pipe(v.string(), v.maxLength(MAX_NAME)),
  at: time,
})

/**
 * The bytes for a relay to keep at `answerPlace`: the new device's consent and card, for who made this offer.
 *
 * @throws SpacesError as `openDeviceAnswer`, and `spaces.invalid` for another's signer
 */
export async function sealDeviceAnswer(
  link: DeviceLink,
  offer: DeviceOffer,
  answer: DeviceAnswer,
  signer: SpaceSigner,
  random: Random,
): Promise<Uint8Array<ArrayBuffer>> {
  const { space, by, person } = offer
  const { device, card, name, at } = answer
  const consent = await signConsent({ space, by, person, device }, signer)
  const plain = encodeDagCbor({ ver: 1, device, consent, card, name, at })
  await readAnswer(offer, plain)
  return sealMessage(link, answerSeal(offer), await answerParts(link), plain, random)
}

/**
 * What a relay gave at `answerPlace`, opened and proven: the new device wants to be of the person of this offer, and the
 * card is its own.
 *
 * @throws SpacesError `spaces.device-malformed`, `spaces.device-broken` (also: an answer to another offer),
 *   `spaces.version`, `spaces.bad-signature`, `spaces.join-other` (`device`: another's card), `spaces.card-malformed`
 */
export const openDeviceAnswer = async (
  link: DeviceLink,
  offer: DeviceOffer,
  bytes: Uint8Array,
): Promise<ProvenAnswer> =>
  readAnswer(offer, await openMessage(link, answerSeal(offer), await answerParts(link), bytes))

const answerSeal = ({ key }: DeviceOffer): Parts => [SEAL_TAG, key]
const answerParts = async (link: DeviceLink): Promise<Parts> => [TAG, await answerPlace(link)]

async function readAnswer(offer: DeviceOffer, bytes: Uint8Array): Promise<ProvenAnswer> {
  const { ver: _ver, ...answer } = readMap(bytes, answerShape, 'spaces.device-malformed', MAX_MESSAGE_BYTES)
  const { space, by, person } = offer
  const { device, consent } = answer
  if (!(await isConsent({ space, by, person, device }, consent)))
    throw new SpacesError('spaces.bad-signature', { what: 'consent', signer: device, reason: 'invalid' })
  const keys = await readKeyCard(answer.card)
  if (keys.device !== device) throw new SpacesError('spaces.join-other', { reason: 'device' })
  return { ...answer, keys }
}
