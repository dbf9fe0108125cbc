import { concat, utf8 } from '../../core/bytes.ts'
import { digest } from '../crypto.ts'

const AT_TAG = 'cairn.space.join-at.v1'
const TOPIC_TAG = 'cairn.space.join-topic.v1'

/** A short join link: what its holder knows. `secret` goes to no server, log, or error. */
export interface ShortLink {
  readonly kind: 'short'
  /** 16 bytes */
  readonly id: Uint8Array
  /** 32 bytes */
  readonly secret: Uint8Array
}

/** Under what a relay keeps the link's capability: 32 bytes that tell it neither the id nor the secret. */
export const linkPlace = (id: Uint8Array): Promise<Uint8Array<ArrayBuffer>> =>
  digest(concat([utf8(`${AT_TAG}\0`), id]))

/** The topic where those who ask and those who admit find each other: from the link's `did:key`. */
export const joinTopic = (link: string): Promise<Uint8Array<ArrayBuffer>> =>
  digest(utf8(`${TOPIC_TAG}\0${link}`))
