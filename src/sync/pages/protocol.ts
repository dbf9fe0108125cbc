import * as v from 'valibot'
import { parseCid } from '../../core/cid.ts'
import { isDid, isNsid } from '../../core/syntax.ts'
import { MAX_PATH_BYTES } from '../../repo/path.ts'

/**
 * `/cairn/repo-pages/1.0.0`: public repos between nodes of this software, piece by piece. Requests and answers
 * alternate on one stream, each behind its length as a varint; a second request may be sent while the first
 * is answered. An answer is a DAG-CBOR head and, for all but `heads` and a refusal, one more message with the
 * bytes. A refusal answers one request, and the stream goes on.
 *
 * | request | head of the answer | bytes |
 * |---|---|---|
 * | `heads { dids }` | `{ heads: [{ did, rev?, commit, records, bytes, partial?, collections? }] }` | |
 * | `identity { did }` | `{}` | JSON `{ document, plcLog }` |
 * | `page { did, root?, after?, from?, to?, known?, maxBytes, bare?, deflate? }` | `{ root, last?, end, records, bare?, deflate? }` | blocks |
 * | `blocks { did, root?, wants, bare? }` | `{ root, answered, missing, bare? }` | blocks |
 * | `blob { did, cid, offset }` | `{ size }` | the blob's next bytes |
 *
 * `root` is the CID of a signed commit; without one the kept head is meant.
 *
 * Blocks are frames of a CAR without its header. With `bare: true` in the head, which only answers a request
 * that has it too, they are DAG-CBOR all, each as the varint of its length and its bytes: whoever asked for them
 * knows their CIDs, from the request or from the blocks before. Nodes that do not know the field send frames.
 * With `deflate: true` in the head, again only for whom asked so, the bytes of a page are compressed (RFC 1951).
 *
 * Who keeps some collections only says so in its head (`partial`) and names them (`collections`, each with the
 * commit that it was taken under). It answers pages within one of them, and wants that are empty.
 */
export const PAGES_PROTOCOL = '/cairn/repo-pages/1.0.0'

/** What a page, a batch of blocks or a piece of a blob is cut at, bytes. */
export const PAGE_BYTES = 1 << 20
/** A page has at least one record (1 MB at most) and the nodes that lead to it, so it may go over that. */
export const MAX_FRAME_BYTES = 3 << 20
/** Heads of answers: 500 heads of repos with long DIDs. */
export const MAX_HEAD_BYTES = 1 << 20
/** As many DIDs or wants as fit a request. */
export const MAX_REQUEST_BYTES = (1 << 20) + 64 * 1024
export const MAX_DIDS = 500
export const MAX_WANTS = 500
/** Partial copies that one answer tells of. */
export const MAX_COLLECTIONS = 256

/**
 * Why a request is not answered. `root-gone`: that commit is not kept any more, ask for the head;
 * `too-many`: too much is served already; `not-provable`: no log is kept that proves the author.
 */
export const REFUSALS = ['not-kept', 'root-gone', 'too-many', 'bad-request', 'not-provable'] as const
export type Refusal = (typeof REFUSALS)[number]

const did = v.pipe(v.string(), v.check(isDid))
const cid = v.pipe(
  v.string(),
  v.check((text) => parseCid(text) !== undefined),
)
const path = v.pipe(v.string(), v.maxLength(MAX_PATH_BYTES))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const rev = v.pipe(v.string(), v.maxLength(20))

/**
 * A block, and how to find it, since nodes keep no index of CIDs: a record by its path; a tree node by its
 * layer and the first key after it in the tree, which leads to it from the root (none: it is the last one of
 * its layer).
 */
const want = v.object({
  cid: v.pipe(v.instance(Uint8Array), v.length(36)),
  key: v.optional(path),
  layer: v.optional(count),
})
export type Want = v.InferOutput<typeof want>

export const requestShape = v.variant('type', [
  v.object({ type: v.literal('heads'), dids: v.pipe(v.array(did), v.maxLength(MAX_DIDS)) }),
  v.object({ type: v.literal('identity'), did }),
  v.object({
    type: v.literal('page'),
    did,
    root: v.optional(cid),
    after: v.optional(path),
    from: v.optional(path),
    to: v.optional(path),
    known: v.optional(v.boolean()),
    maxBytes: count,
    bare: v.optional(v.boolean()),
    deflate: v.optional(v.boolean()),
  }),
  v.object({
    type: v.literal('blocks'),
    did,
    root: v.optional(cid),
    wants: v.pipe(v.array(want), v.maxLength(MAX_WANTS)),
    bare: v.optional(v.boolean()),
  }),
  v.object({ type: v.literal('blob'), did, cid, offset: count }),
])
export type Request = v.InferOutput<typeof requestShape>
export type RequestOf<T extends Request['type']> = Extract<Request, { type: T }>

/** Newer nodes may refuse for reasons that this one does not know. */
export const refusalShape = v.object({ refused: v.pipe(v.string(), v.maxLength(40)) })

export const headsShape = v.object({
  heads: v.pipe(
    v.array(
      v.object({
        did,
        rev: v.optional(rev),
        commit: cid,
        records: count,
        bytes: count,
        partial: v.optional(v.boolean()),
        collections: v.optional(
          v.pipe(
            v.array(
              v.object({ nsid: v.pipe(v.string(), v.check(isNsid)), rev: v.optional(rev), commit: cid }),
            ),
            v.maxLength(MAX_COLLECTIONS),
          ),
        ),
      }),
    ),
    v.maxLength(MAX_DIDS),
  ),
})
/** The head that a peer says it holds. */
export type RemoteHead = v.InferOutput<typeof headsShape>['heads'][number]

export const identityShape = v.object({})
export const pageShape = v.object({
  root: cid,
  last: v.optional(path),
  end: v.boolean(),
  records: count,
  bare: v.optional(v.boolean()),
  deflate: v.optional(v.boolean()),
})
export const blocksShape = v.object({
  root: cid,
  /** so many wants, from the first on, were looked for; the rest is to be asked for again */
  answered: count,
  /** indexes of those that are not there */
  missing: v.pipe(v.array(count), v.maxLength(MAX_WANTS)),
  bare: v.optional(v.boolean()),
})
export const blobShape = v.object({ size: count })
