import * as v from 'valibot'

/** Two networkers speak this on one stream for as long as they are linked. */
export const NETWORKER_PROTOCOL = '/cairn/networker/1.0.0'

export const NONCE_BYTES = 32
export const INSTANCE_BYTES = 16
/** A topic as a peer is told of it: long enough to prove it, short enough for lists. */
export const TOKEN_BYTES = 16
/** UTF-8 bytes of an extension's name. */
export const MAX_NAME_BYTES = 64
/** What a frame has around its payload, at most. */
const FRAME_OVERHEAD = 256

const byteString = v.custom<Uint8Array>((value) => value instanceof Uint8Array)
const bytesOf = (length: number) =>
  v.pipe(
    byteString,
    v.check((bytes) => bytes.length === length),
  )
const tokens = v.pipe(
  byteString,
  v.check((bytes) => bytes.length % TOKEN_BYTES === 0),
)
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

/** Why a side ends a link. */
const farewells = ['closed', 'duplicate', 'replaced', 'refused', 'full', 'stranger', 'self'] as const
export type Farewell = (typeof farewells)[number]

/** Every message; docs/networker.md says when each of them may come. */
export const messageShape = v.variant('type', [
  v.strictObject({
    type: v.literal('hello'),
    /** another one after a restart, so that links of before it are known to be dead */
    instance: bytesOf(INSTANCE_BYTES),
    nonce: bytesOf(NONCE_BYTES),
    /** number of the link to this peer that the sender last took into use and has lost, 0 for none */
    last: count,
  }),
  v.strictObject({ type: v.literal('use'), link: count }),
  v.strictObject({ type: v.literal('topics'), add: tokens, remove: tokens }),
  v.strictObject({
    type: v.literal('extension'),
    name: v.pipe(v.string(), v.minLength(1), v.maxBytes(MAX_NAME_BYTES)),
    data: byteString,
  }),
  v.strictObject({ type: v.literal('alive') }),
  v.strictObject({ type: v.literal('bye'), reason: v.picklist(farewells) }),
])
export type Message = v.InferOutput<typeof messageShape>

/** Longest frame, bytes: the whole list of topics, or one extension message. */
export const frameLimit = (limits: { readonly topics: number; readonly messageBytes: number }): number =>
  Math.max(paddedTopics(limits.topics) * TOKEN_BYTES, limits.messageBytes) + FRAME_OVERHEAD

/** A list of topics is filled up to this many, so that its length says little. */
export function paddedTopics(topics: number): number {
  let size = 8
  while (size < topics) size *= 2
  return size
}
