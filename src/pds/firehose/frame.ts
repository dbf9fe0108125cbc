import { BytesWrapper, CidLinkWrapper, decode, fromBytes } from '@atcute/cbor'
import * as v from 'valibot'
import { isDid, isTid } from '../../core/syntax.ts'
import { checkDagCbor, skipValue } from '../../repo/cbor/check.ts'
import { type Entry, readEntries } from '../../repo/cbor/entries.ts'
import { FirehoseError } from './errors.ts'

/** The most that the protocol lets a frame have, bytes. */
export const MAX_FRAME_BYTES = 5_000_000
/** A header is a map of two; a payload nests lists of maps. */
const MAX_DEPTH = 8
/** Longest text that is passed on, characters. */
const MAX_TEXT = 512

/** One record of a commit, as its server tells of it. */
export interface RepoOp {
  /** `create`, `update` or `delete`; whatever a server says */
  readonly action: string
  readonly path: string
  /** CID of the record that is there now; undefined after a delete */
  readonly cid: string | undefined
  /** CID of the record that was there before; undefined before a create, and from servers that do not say */
  readonly prev: string | undefined
}

/** One event of `com.atproto.sync.subscribeRepos`. `seq` orders the events of one server. */
export type FirehoseEvent =
  | {
      readonly kind: 'commit'
      readonly seq: number
      readonly did: string
      readonly rev: string
      /** the rev before; undefined for a first commit */
      readonly since: string | undefined
      readonly commit: string
      readonly ops: readonly RepoOp[]
      /** CID of the root of the tree before it; undefined from servers that do not say */
      readonly prevData: string | undefined
      /** CAR of the commit, the tree nodes that it made and the records that it wrote; unproven */
      readonly blocks: Uint8Array
      /** records or nodes were left out: the repo is to be asked for */
      readonly tooBig: boolean
    }
  | { readonly kind: 'sync'; readonly seq: number; readonly did: string; readonly rev: string }
  | { readonly kind: 'identity'; readonly seq: number; readonly did: string }
  | {
      readonly kind: 'account'
      readonly seq: number
      readonly did: string
      readonly active: boolean
      readonly status: string | undefined
    }
  | { readonly kind: 'info'; readonly name: string; readonly message: string | undefined }
  /** about an account that nobody wants to hear of, or of a kind that is not known */
  | { readonly kind: 'other'; readonly seq: number | undefined }
  | { readonly kind: 'error'; readonly error: string; readonly message: string | undefined }

const text = v.pipe(v.string(), v.maxLength(MAX_TEXT))
const seq = v.pipe(v.number(), v.integer(), v.minValue(0))
const did = v.pipe(v.string(), v.check(isDid))
const rev = v.pipe(v.string(), v.check(isTid))
const perhaps = <S extends v.GenericSchema>(schema: S) => v.optional(v.nullable(schema))
const link = v.pipe(
  v.instance(CidLinkWrapper),
  v.transform((it) => it.$link),
)

const bytes = v.pipe(
  v.instance(BytesWrapper),
  v.transform((it) => fromBytes(it)),
)
const none = <T>(value: T | null | undefined): T | undefined => value ?? undefined
const maybeLink = v.pipe(perhaps(link), v.transform(none))

const header = v.object({ op: v.picklist([1, -1]), t: v.optional(text) })
const payloads = {
  '#commit': v.object({
    seq,
    repo: did,
    rev,
    since: perhaps(rev),
    commit: link,
    ops: v.array(
      v.pipe(
        v.object({
          action: text,
          path: v.pipe(v.string(), v.maxLength(1024)),
          cid: v.optional(maybeLink),
          prev: v.optional(maybeLink),
        }),
        v.transform(({ cid, prev, ...op }) => ({ ...op, cid, prev })),
      ),
    ),
    prevData: v.optional(maybeLink),
    blocks: v.optional(bytes),
    tooBig: v.optional(v.boolean()),
  }),
  '#sync': v.object({ seq, did, rev }),
  '#identity': v.object({ seq, did }),
  '#account': v.object({ seq, did, active: v.boolean(), status: perhaps(text) }),
  '#info': v.object({ name: text, message: perhaps(text) }),
  error: v.object({ error: text, message: perhaps(text) }),
}
const NOTHING = new Uint8Array()
const order = v.object({ seq: v.optional(seq) })

/** What is read of each kind: what else a payload holds is checked and passed over. */
const FIELDS: Readonly<Record<keyof typeof payloads, readonly string[]>> = {
  '#commit': ['seq', 'repo', 'rev', 'since', 'commit', 'ops', 'prevData', 'blocks', 'tooBig'],
  '#sync': ['seq', 'did', 'rev'],
  '#identity': ['seq', 'did'],
  '#account': ['seq', 'did', 'active', 'status'],
  '#info': ['name', 'message'],
  error: ['error', 'message'],
}

/**
 * Reads one frame: two DAG-CBOR maps, one after another, canonical and nothing after them. Nothing in it is
 * proven; it tells what to ask for. Of an account that is not `wanted` only the order is read.
 *
 * Spec: atproto "Event Stream" and the lexicon `com.atproto.sync.subscribeRepos`.
 *
 * @throws FirehoseError `firehose.malformed`, `firehose.too-large`
 */
export function decodeFrame(bytes: Uint8Array, wanted: (did: string) => boolean = () => true): FirehoseEvent {
  if (bytes.length > MAX_FRAME_BYTES)
    throw new FirehoseError('firehose.too-large', { bytes: bytes.length, limit: MAX_FRAME_BYTES })
  const end = skipValue(bytes, 0, bytes.length, MAX_DEPTH)
  if (end < 0) throw malformed('header')
  if (checkDagCbor(bytes, end, bytes.length, { maxDepth: MAX_DEPTH }) !== 0) throw malformed('payload', end)
  const { op, t } = read(header, fieldsOf(bytes, 0, end, ['op', 't']))
  const get = (names: readonly string[]): unknown => fieldsOf(bytes, end, bytes.length, names)

  if (op === -1) {
    const { error, message } = read(payloads.error, get(FIELDS.error))
    return { kind: 'error', error, message: message ?? undefined }
  }
  if (t === '#info') {
    const { name, message } = read(payloads['#info'], get(FIELDS['#info']))
    return { kind: 'info', name, message: message ?? undefined }
  }
  if (t !== '#commit' && t !== '#sync' && t !== '#identity' && t !== '#account')
    return { kind: 'other', seq: read(order, get(['seq'])).seq }
  const name = t === '#commit' ? 'repo' : 'did'
  const about = read(v.record(v.string(), did), get([name]))[name]
  if (about === undefined) throw malformed('shape')
  if (!wanted(about)) return { kind: 'other', seq: read(order, get(['seq'])).seq }
  return eventOf(t, get(FIELDS[t]))
}

function eventOf(t: '#commit' | '#sync' | '#identity' | '#account', fields: unknown): FirehoseEvent {
  if (t === '#commit') {
    const { repo, since, prevData, blocks = NOTHING, tooBig = false, ...rest } = read(payloads[t], fields)
    return { kind: 'commit', ...rest, did: repo, since: none(since), prevData, blocks, tooBig }
  }
  if (t === '#sync') return { kind: 'sync', ...read(payloads[t], fields) }
  if (t === '#identity') return { kind: 'identity', ...read(payloads[t], fields) }
  const { status, ...rest } = read(payloads[t], fields)
  return { kind: 'account', ...rest, status: status ?? undefined }
}

/** Some fields of a map that was checked, decoded. */
function fieldsOf(bytes: Uint8Array, from: number, to: number, names: readonly string[]): unknown {
  const entries = readEntries(bytes, from, to)
  if (entries === undefined) throw malformed(from === 0 ? 'header' : 'payload', from)
  const found = names.flatMap((name): [string, Entry][] => {
    const entry = entries.get(name)
    return entry === undefined ? [] : [[name, entry]]
  })
  return Object.fromEntries(found.map(([name, at]) => [name, decode(bytes.subarray(at.from, at.to))]))
}

function read<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, value)
  if (!result.success) throw malformed('shape')
  return result.output
}

const malformed = (reason: string, at?: number): FirehoseError =>
  new FirehoseError('firehose.malformed', { reason, ...(at === undefined ? {} : { at }) })
