import { sha256 } from '@noble/hashes/sha2.js'
import { concat, utf8 } from '../core/bytes.ts'
import { isDid } from '../core/syntax.ts'
import { NetError } from './errors.ts'

/** What peers meet under. Whoever holds both parts of a topic shares what it stands for. */
export interface Topic {
  /** 32 bytes: what is announced, and all that relays see */
  readonly id: Uint8Array
  /** 32 bytes: the key that proves, between two peers, that both know more than the id */
  readonly secret: Uint8Array
}

/** Length of a topic's id and of its secret, bytes. */
export const TOPIC_BYTES = 32
/** Anything shorter could be guessed. */
const MIN_SECRET_BYTES = 16

/** Each use of a hash has a name of its own, so that no value of one is ever a value of another. */
const REPO_ID = 'cairn/topic/repo/1'
const REPO_PROOF = 'cairn/topic-proof/repo/1'
const SECRET_ID = 'cairn/topic/secret/1'
const SECRET_PROOF = 'cairn/topic-proof/secret/1'

/**
 * The topic of a public repo: SHA-256 over a domain tag, a zero byte and the DID. Whoever guesses the DID
 * knows both parts; an announced copy of a public repo is no secret.
 *
 * @throws NetError `net.malformed` ({ reason: 'did' })
 */
export function repoTopic(did: string): Topic {
  if (!isDid(did)) throw new NetError('net.malformed', { reason: 'did' })
  return { id: tagged(REPO_ID, utf8(did)), secret: tagged(REPO_PROOF, utf8(did)) }
}

/**
 * The topic of those who share a secret of at least 16 bytes: SHA-256 over a domain tag, a zero byte and
 * the secret. Neither part tells the other, or the secret.
 *
 * @throws NetError `net.malformed` ({ reason: 'secret' })
 */
export function secretTopic(secret: Uint8Array): Topic {
  if (secret.length < MIN_SECRET_BYTES) throw new NetError('net.malformed', { reason: 'secret' })
  return { id: tagged(SECRET_ID, secret), secret: tagged(SECRET_PROOF, secret) }
}

const tagged = (tag: string, bytes: Uint8Array): Uint8Array =>
  sha256(concat([utf8(tag), new Uint8Array(1), bytes]))
