import * as v from 'valibot'
import { isDeviceDid, parseSpace, parseSpaceRepo } from '../../repo/space/uri.ts'
import { DIGEST_BYTES as BUCKET_BYTES } from '../digests/digest.ts'
import { answerShape, MAX_BITS } from '../digests/protocol.ts'

/**
 * `/cairn/space/1.0.0`: those who keep a space prove to each other that they may read it, bring their logs together,
 * and learn which of its repos differ. Requests and answers alternate on one stream, canonical DAG-CBOR behind their
 * length as a varint; docs/space-sync.md has every field.
 *
 * | request | answer |
 * |---|---|
 * | `hello { space, nonce }` | `{ nonce }` |
 * | `prove { key, sig }` | `{ root, digest, store, key?, sig? }` |
 * | `keep { root, token? }` | `{ kept: true }` |
 * | `log { digest, have, cards }` | `{ operations, cards, have, lacks, more, digest }` |
 * | `give { operations, cards }` | `{ changed, refused, missing, digest }` |
 * | `why { have, join? }` | `{ operations, more, in }` |
 * | `heads { bits, digests, from? }` | as the `group` of `/cairn/repo-digests/1.0.0` |
 * | `offer { repos }` | `{ taken, failed, working }` |
 * | `forget {}` | `{ forgotten: true }` |
 *
 * Any answer may be `{ refused }`; the stream goes on.
 */
export const SPACE_PROTOCOL = '/cairn/space/1.0.0'

/** Of each side's chance in a handshake, bytes. */
export const NONCE_BYTES = 32
/** Operations and cards of one message, bytes; one is in it whatever its size. */
export const PAGE_BYTES = 512 * 1024
/** The longest message that is read, bytes. */
export const MAX_MESSAGE_BYTES = 1 << 20
/** Operations that a side names to say what it has. */
export const MAX_HAVE = 512
/** Of a card's SHA-256, so many bytes name it between two who compare. */
export const CARD_NAME_BYTES = 8
export const MAX_CARDS = 16_384
/** Repos of one offer. */
export const MAX_OFFER = 200
/** Refused items, and missing operations, that an answer tells of. */
export const MAX_TOLD = 64
const MAX_KEY = 128
const SIG_BYTES = 64
const HASH_BYTES = 32
/** As `MAX_OPERATION_BYTES` of docs/space-members.md. */
const MAX_ITEM_BYTES = 65_536

const REFUSALS = [
  'too-many',
  'bad-request',
  'not-proven',
  'bad-proof',
  'denied',
  'not-kept',
  'not-taken',
  'full',
] as const
/**
 * `not-proven`: a hello and a proof come first. `not-kept`: not here, or, at a device, not for this peer. `denied`:
 * kept at this store, and not for this key. `not-taken`: this side keeps no spaces for others. `full`: no room.
 */
export type Refusal = (typeof REFUSALS)[number]

const bytes = v.custom<Uint8Array>((value) => value instanceof Uint8Array)
const bytesOf = (length: number) =>
  v.pipe(
    bytes,
    v.check((it) => it.length === length),
  )
const listOf = (width: number, most: number) =>
  v.pipe(
    bytes,
    v.check((it) => it.length % width === 0 && it.length <= width * most),
  )
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const space = v.pipe(
  v.string(),
  v.maxLength(2048),
  v.check((text) => parseSpace(text) !== undefined),
)
const key = v.pipe(v.string(), v.maxLength(MAX_KEY), v.check(isDeviceDid))
const repo = v.pipe(
  v.string(),
  v.maxLength(2048),
  v.check((text) => parseSpaceRepo(text) !== undefined),
)
const item = v.pipe(
  bytes,
  v.check((it) => it.length <= MAX_ITEM_BYTES),
)
const items = v.pipe(v.array(item), v.maxLength(MAX_CARDS))
const word = v.pipe(v.string(), v.maxLength(64))
const nonce = bytesOf(NONCE_BYTES)
const hash = bytesOf(HASH_BYTES)
const sig = bytesOf(SIG_BYTES)
const have = listOf(HASH_BYTES, MAX_HAVE)
const cardNames = listOf(CARD_NAME_BYTES, MAX_CARDS)

export const requestShape = v.variant('type', [
  v.object({ type: v.literal('hello'), space, nonce }),
  v.object({ type: v.literal('prove'), key, sig }),
  v.object({ type: v.literal('keep'), root: hash, token: v.optional(v.pipe(v.string(), v.maxLength(512))) }),
  v.object({ type: v.literal('log'), digest: hash, have, cards: cardNames }),
  v.object({ type: v.literal('give'), operations: items, cards: items }),
  v.object({ type: v.literal('why'), have, join: v.optional(item) }),
  v.pipe(
    v.object({
      type: v.literal('heads'),
      bits: v.pipe(count, v.maxValue(MAX_BITS)),
      digests: bytes,
      from: v.optional(count),
    }),
    v.check((it) => it.digests.length === 2 ** it.bits * BUCKET_BYTES),
  ),
  v.object({ type: v.literal('forget') }),
  v.object({ type: v.literal('offer'), repos: v.pipe(v.array(repo), v.maxLength(MAX_OFFER)) }),
])
export type Request = v.InferOutput<typeof requestShape>
export type RequestOf<T extends Request['type']> = Extract<Request, { type: T }>

/** Newer nodes may refuse for reasons that this one does not know. */
export const refusalShape = v.object({ refused: v.pipe(v.string(), v.maxLength(40)) })

export const challengeShape = v.object({ nonce })
export const welcomeShape = v.object({
  root: hash,
  digest: hash,
  store: v.boolean(),
  key: v.optional(key),
  sig: v.optional(sig),
})
export const keptShape = v.object({ kept: v.literal(true) })
export const forgottenShape = v.object({ forgotten: v.literal(true) })
export const logShape = v.object({
  operations: items,
  cards: items,
  have,
  lacks: cardNames,
  more: v.boolean(),
  digest: hash,
})
export const givenShape = v.object({
  changed: v.boolean(),
  refused: v.pipe(
    v.array(v.object({ what: v.picklist(['operation', 'card']), code: word })),
    v.maxLength(MAX_TOLD),
  ),
  missing: listOf(HASH_BYTES, MAX_TOLD),
  digest: hash,
})
export const whyShape = v.object({ operations: items, more: v.boolean(), in: v.boolean() })
export const headsShape = answerShape
export const offeredShape = v.object({
  taken: v.pipe(v.array(repo), v.maxLength(MAX_OFFER)),
  failed: v.pipe(v.array(v.object({ repo, code: word })), v.maxLength(MAX_OFFER)),
  working: count,
})
