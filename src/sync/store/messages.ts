import * as v from 'valibot'
import { parseCid } from '../../core/cid.ts'
import { isDid, isTid } from '../../core/syntax.ts'

/**
 * What a peer says to a relay's store over `/cairn/store/1.0.0`: length-prefixed DAG-CBOR, request and answer
 * in turn on one stream. Whoever asks is the peer of the stream, as the handshake proved it; a request needs no
 * other signature.
 */
export const STORE_PROTOCOL = '/cairn/store/1.0.0'

/** DIDs in one `status`. */
const MAX_DIDS = 100
/** Relays named in one `keep`. */
const MAX_RELAYS = 8
/** A hundred DIDs of common length, or a few of the longest, bytes. */
export const MAX_STORE_REQUEST = 64 * 1024
/** A hundred answers, bytes. */
export const MAX_STORE_ANSWER = 256 * 1024
/** Longest text of other kinds: a token, an address, a code; characters. */
const MAX_TEXT = 512

const did = v.pipe(v.string(), v.check(isDid))
const text = v.pipe(v.string(), v.maxLength(MAX_TEXT))
const count = v.pipe(v.number(), v.integer(), v.minValue(0))

export const storeRequest = v.variant('type', [
  /** Keep this repo. `relays`: multiaddrs or web addresses of relays through which the asker is reached. */
  v.strictObject({
    type: v.literal('keep'),
    did,
    relays: v.optional(v.pipe(v.array(text), v.maxLength(MAX_RELAYS))),
    /** what the asker holds: an older head is not fresh, however lately it came */
    rev: v.optional(v.pipe(v.string(), v.check(isTid))),
    token: v.optional(text),
  }),
  /** Keep it no longer for me. */
  v.strictObject({ type: v.literal('drop'), did }),
  /** How are these? Also renews what was asked for. */
  v.strictObject({ type: v.literal('status'), dids: v.pipe(v.array(did), v.maxLength(MAX_DIDS)) }),
])
export type StoreRequest = v.InferOutput<typeof storeRequest>

const repoState = v.object({
  did,
  state: v.picklist(['kept', 'fetching', 'failed', 'none']),
  rev: v.optional(v.pipe(v.string(), v.check(isTid))),
  commit: v.optional(
    v.pipe(
      v.string(),
      v.check((it) => parseCid(it) !== undefined),
    ),
  ),
  /** stored bytes */
  bytes: v.optional(count),
  /** code of what the last try failed with */
  error: v.optional(text),
})
export type StoreRepoState = v.InferOutput<typeof repoState>

export const storeAnswer = v.variant('type', [
  v.object({
    type: v.literal('states'),
    states: v.pipe(v.array(repoState), v.maxLength(MAX_DIDS)),
  }),
  v.object({
    type: v.literal('refused'),
    /** code of the store's error */
    code: text,
    fields: v.optional(v.record(v.pipe(v.string(), v.maxLength(64)), v.union([text, v.number()]))),
  }),
])
export type StoreAnswer = v.InferOutput<typeof storeAnswer>
