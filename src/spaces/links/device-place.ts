import { concat, utf8 } from '../../core/bytes.ts'
import { deriveBytes, digest, importSecret, KEY_BYTES, type Random, randomBytes } from '../crypto.ts'

const ID_TAG = 'cairn.space.device-id.v1'
const OFFER_TAG = 'cairn.space.device-offer-at.v1'
const ANSWER_TAG = 'cairn.space.device-answer-at.v1'
const GRANT_TAG = 'cairn.space.device-grant-at.v1'
const ID_BYTES = 16

/** A link that makes another device one's own: what its holder knows. `secret` goes to no server, log, or error. */
export interface DeviceLink {
  /** 16 bytes */
  readonly id: Uint8Array
  /** 32 bytes */
  readonly secret: Uint8Array
}

/** A new link. */
export async function createDeviceLink(random: Random): Promise<DeviceLink> {
  const secret = randomBytes(random, KEY_BYTES)
  return { id: await deviceLinkId(secret), secret }
}

/** The id that goes with a secret. */
export const deviceLinkId = async (secret: Uint8Array): Promise<Uint8Array> =>
  deriveBytes(await importSecret(secret), [ID_TAG], ID_BYTES)

const place = (tag: string, id: Uint8Array): Promise<Uint8Array<ArrayBuffer>> =>
  digest(concat([utf8(`${tag}\0`), id]))

/** Under what a relay keeps the offer of the first device, 32 bytes. */
export const offerPlace = ({ id }: DeviceLink): Promise<Uint8Array<ArrayBuffer>> => place(OFFER_TAG, id)

/** Under what a relay keeps the answer of the new one, 32 bytes. */
export const answerPlace = ({ id }: DeviceLink): Promise<Uint8Array<ArrayBuffer>> => place(ANSWER_TAG, id)

/** Under what a relay keeps what the first device gives in the end, 32 bytes. */
export const grantPlace = ({ id }: DeviceLink): Promise<Uint8Array<ArrayBuffer>> => place(GRANT_TAG, id)
