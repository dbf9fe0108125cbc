import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, utf8 } from '../../core/bytes.ts'
import type { Topic } from '../topics.ts'
import { TOKEN_BYTES } from './wire.ts'

const TAG = 'cairn/networker/topic-token/1'

/** One direction of one link. Peer ids are those that the transport's handshake has proven. */
export interface Direction {
  readonly from: string
  readonly to: string
  readonly fromNonce: Uint8Array
  readonly toNonce: Uint8Array
}

/**
 * A topic as `from` tells `to` of it on one link: HMAC-SHA-256 under the topic's secret over a domain tag,
 * both peer ids, both nonces and the topic's id, cut to 16 bytes. Who does not hold the secret learns
 * nothing from it and cannot make it; it holds for this direction of this link only, so sending it back, or
 * on to somebody else, proves nothing.
 */
export function topicToken(topic: Topic, direction: Direction): Uint8Array {
  const { from, to, fromNonce, toNonce } = direction
  const parts = [utf8(TAG), utf8(from), utf8(to), fromNonce, toNonce, topic.id]
  return hmac(sha256, topic.secret, concat(parts.flatMap((part) => [lengthOf(part), part]))).slice(
    0,
    TOKEN_BYTES,
  )
}

/** Lengths stand before the parts, so that no two lists of parts give the same bytes. */
const lengthOf = (part: Uint8Array): Uint8Array => new Uint8Array([part.length >> 8, part.length & 0xff])
