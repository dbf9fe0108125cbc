import * as v from 'valibot'
import { parseCid } from '../../core/cid.ts'
import { isDid, isNsid, isTid } from '../../core/syntax.ts'
import { DIGEST_BYTES } from './digest.ts'

/**
 * `/cairn/repo-digests/1.0.0`: which of many repos have another head there than the asker thinks. Requests and
 * answers alternate on one stream, each canonical DAG-CBOR behind its length as a varint.
 *
 * | request | answer |
 * |---|---|
 * | `{ type: 'list', ids, digests, from? }` | `{ differ, heads: [{ id, rev, commit, collections? }], next? }` |
 * | `{ type: 'group', group, bits, digests, from? }` | the same |
 *
 * The repos lie in **buckets**: of a list each is one, numbered in its order; the members of a group, which both
 * sides know, lie in 2^`bits` of them, each where the first bits of SHA-256 of its id say. `digests` has 16 bytes for
 * each bucket, over the heads that the asker thinks the other side holds (`digest.ts`).
 *
 * `differ` numbers the buckets, from `from` on, whose heads have another digest there, and `heads` has all their
 * heads. What does not fit is asked for again with `from` as `next` says. Whatever lies in another bucket before
 * `next` is as the asker thinks. A repo that is not told of, in a bucket that differs, is not kept there, or not for
 * this peer.
 *
 * `collections` marks a partial copy: these are kept, each under the rev that it was taken under. Heads without a rev
 * are not told of. A refusal is `{ refused }`, and the stream goes on.
 */
export const DIGESTS_PROTOCOL = '/cairn/repo-digests/1.0.0'

/** Repos of one list. */
export const MAX_IDS = 500
/** Of a group at most so many buckets, as bits: 64 KiB of digests. */
export const MAX_BITS = 12
/** Members of a group. */
export const MAX_MEMBERS = 100_000
/** Where an answer is cut; only one bucket alone may be longer, bytes. */
export const ANSWER_BYTES = 256 * 1024
/** The longest answer that is read: a bucket of many long names, bytes. */
export const MAX_ANSWER_BYTES = 1 << 20
/** The longest request: a list of the longest names, with their digests, bytes. */
export const MAX_REQUEST_BYTES = (1 << 20) + 64 * 1024
/** Collections that are told of one partial copy. */
export const MAX_COLLECTIONS = 256
/** Characters of an id, or of a group's name. */
const MAX_ID = 2048

/** `too-many`: too much is served already, or a bucket has more than an answer holds; `not-kept`: no such group. */
const REFUSALS = ['too-many', 'bad-request', 'not-kept'] as const
export type Refusal = (typeof REFUSALS)[number]

/** Space URIs are ASCII without blanks, as every key of a storage is. */
const SPACE_URI = /^at:\/\/[\x21-\x7e]+$/
const isSpaceUri = (text: string): boolean => text.length <= MAX_ID && SPACE_URI.test(text)

const id = v.pipe(
  v.string(),
  v.check((text) => isDid(text) || isSpaceUri(text)),
)
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const rev = v.pipe(v.string(), v.check(isTid))
const digests = v.pipe(
  v.instance(Uint8Array),
  v.check((bytes) => bytes.length % DIGEST_BYTES === 0),
)

export const requestShape = v.variant('type', [
  v.pipe(
    v.object({
      type: v.literal('list'),
      ids: v.pipe(
        v.array(id),
        v.maxLength(MAX_IDS),
        v.check((ids) => new Set(ids).size === ids.length),
      ),
      digests,
      from: v.optional(count),
    }),
    v.check((it) => it.digests.length === it.ids.length * DIGEST_BYTES),
  ),
  v.pipe(
    v.object({
      type: v.literal('group'),
      group: v.pipe(v.string(), v.check(isSpaceUri)),
      bits: v.pipe(count, v.maxValue(MAX_BITS)),
      digests,
      from: v.optional(count),
    }),
    v.check((it) => it.digests.length === 2 ** it.bits * DIGEST_BYTES),
  ),
])
export type Request = v.InferOutput<typeof requestShape>

/** Newer nodes may refuse for reasons that this one does not know. */
export const refusalShape = v.object({ refused: v.pipe(v.string(), v.maxLength(40)) })

const headShape = v.object({
  id,
  rev,
  commit: v.pipe(
    v.string(),
    v.check((text) => parseCid(text) !== undefined),
  ),
  collections: v.optional(
    v.pipe(
      v.array(v.object({ nsid: v.pipe(v.string(), v.check(isNsid)), rev })),
      v.maxLength(MAX_COLLECTIONS),
    ),
  ),
})

export const answerShape = v.object({
  differ: v.pipe(v.array(count), v.maxLength(2 ** MAX_BITS)),
  heads: v.array(headShape),
  next: v.optional(count),
})
export type Answer = v.InferOutput<typeof answerShape>
