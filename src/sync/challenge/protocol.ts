import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import * as v from 'valibot'
import { utf8 } from '../../core/bytes.ts'
import { varintLength, writeVarint } from '../../core/varint.ts'
import { MAX_PATH_BYTES, checkPathString } from '../../repo/path.ts'

/**
 * `/cairn/challenge/1.0.0`: does this peer hold the blocks of a repo, now?
 *
 * Length-prefixed DAG-CBOR messages, each side in turn:
 * ```
 * challenger  { did }
 * responder   { commits: [CID text] }, newest first; or { refused }
 * challenger  { commit, nonce: 32 bytes, paths: [text] }
 * responder   for each path { proof: CAR bytes }, or { } when its blocks are not there; then { mac: 32 bytes }
 * ```
 * `proof` holds the commit, the tree nodes from the root to the path, and the record. `mac` is HMAC-SHA-256
 * under the nonce over both peer ids, what was asked, and every byte of every proof: an answer counts for one
 * question between two peers, and cannot be recorded and played again.
 *
 * What passes shows that the peer could read these blocks within the deadline. It does not show where
 * it read them: one that fetches what is asked for from someone else as fast passes too.
 */
export const CHALLENGE_PROTOCOL = '/cairn/challenge/1.0.0'

export const NONCE_BYTES = 32
/** Most paths of one challenge. */
export const MAX_PATHS = 64
/** Most snapshots that a responder names. */
export const MAX_COMMITS = 64
/** Most bytes of a message that asks, or that names commits. */
export const MAX_MESSAGE = 128 * 1024
/** Most bytes of a proof: a record of a megabyte and its path fit. */
export const MAX_PROOF = 2 * 1024 * 1024

const cid = v.pipe(v.string(), v.maxLength(64))

export const helloShape = v.object({ did: v.pipe(v.string(), v.maxLength(2048)) })
export const commitsShape = v.union([
  v.object({ commits: v.pipe(v.array(cid), v.maxLength(MAX_COMMITS)) }),
  v.object({ refused: v.picklist(['unknown', 'busy']) }),
])
export const questionShape = v.object({
  commit: cid,
  nonce: v.pipe(v.instance(Uint8Array), v.length(NONCE_BYTES)),
  paths: v.pipe(
    v.array(v.pipe(v.string(), v.maxLength(MAX_PATH_BYTES), v.check(checkPathString))),
    v.minLength(1),
    v.maxLength(MAX_PATHS),
  ),
})
export const proofShape = v.object({ proof: v.optional(v.instance(Uint8Array)) })
export const macShape = v.object({ mac: v.pipe(v.instance(Uint8Array), v.length(sha256.outputLen)) })

/** What the answer is bound to. */
export interface Question extends v.InferOutput<typeof questionShape> {
  readonly did: string
  /** peer ids */
  readonly challenger: string
  readonly responder: string
}

export interface AnswerMac {
  /** The next proof, in the order of the paths. */
  proof(car: Uint8Array): void
  /** 32 bytes */
  end(): Uint8Array
}

const TAG = 'cairn challenge 1'

/** Each part goes in behind its length, so that no two questions look alike. */
export function createAnswerMac(question: Question): AnswerMac {
  const mac = hmac.create(sha256, question.nonce)
  const add = (bytes: Uint8Array): void => {
    const length = new Uint8Array(varintLength(bytes.length))
    writeVarint(length, 0, bytes.length)
    mac.update(length).update(bytes)
  }
  const { challenger, responder, did, commit, paths } = question
  for (const text of [TAG, challenger, responder, did, commit, ...paths]) add(utf8(text))
  return { proof: add, end: () => mac.digest() }
}
