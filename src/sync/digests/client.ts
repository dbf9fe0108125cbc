import { CairnError } from '../../core/errors.ts'
import type { Sha256 } from '../../core/hash.ts'
import type { Timers } from '../../core/timers.ts'
import { NetError } from '../../net/errors.ts'
import { createFrameReader } from '../../net/frames.ts'
import { decodeMessage, writeMessage } from '../../net/messages.ts'
import type { Net, OpenOptions } from '../../net/net.ts'
import { patient } from '../pages/patient.ts'
import { bucketOf, createBucketDigests, type HeadWord } from './digest.ts'
import {
  type Answer,
  answerShape,
  DIGESTS_PROTOCOL,
  MAX_ANSWER_BYTES,
  MAX_BITS,
  MAX_IDS,
  refusalShape,
  type Request,
} from './protocol.ts'

/** Without a byte for so long a peer counts as silent, ms. */
const IDLE = 30_000
/** Answers to one set: each but the last is cut because it is full, and 100,000 heads are some 15 MB. */
const MAX_ANSWERS = 256
/** Members of a group in one bucket, as many as a head of 1 KB would be small beside the digests of all. */
const IN_A_BUCKET = 8
/** At least so many buckets: the other side may know of far more members, bits. */
const LEAST_BITS = 8

/** What the other side is thought to hold, by id; undefined: nothing. */
export type Expected = ReadonlyMap<string, HeadWord | undefined>

export interface CompareOptions extends OpenOptions {
  readonly timers: Timers
  readonly sha256: Sha256
  /** what both sides call these repos; used for more than fit a list */
  readonly group?: string
  readonly idleMs?: number
}

/** What is asked, and which of the repos each bucket of it has. */
interface Part {
  readonly request:
    | Omit<Extract<Request, { type: 'list' }>, 'from'>
    | Omit<Extract<Request, { type: 'group' }>, 'from'>
  readonly buckets: number
  readonly bucketOf: (id: string) => number | undefined
}

/**
 * What a peer holds of these repos: whatever is as expected costs 16 bytes and the name, or of a large group next to
 * nothing; one exchange for each 500 repos, or for a group, and more only for heads that do not fit one answer. All
 * that is given is the peer's word, for the repos that were asked for.
 *
 * @throws NetError those of `Net.open`, `net.unsupported` among them; `net.refused` ({ peer, reason }),
 * `net.timeout`, `net.malformed`, `net.too-large`, `net.reset`, `net.cancelled`
 */
export async function compareHeads(
  net: Net,
  peer: string,
  expected: Expected,
  options: CompareOptions,
): Promise<Map<string, HeadWord | undefined>> {
  const { timers, sha256, group, idleMs = IDLE, ...open } = options
  const out = new Map(expected)
  if (expected.size === 0) return out
  const stream = patient(await net.open(peer, DIGESTS_PROTOCOL, open), timers, idleMs)
  const frames = createFrameReader(stream)
  let failure: CairnError | undefined
  const cancel = (): void => {
    failure = new NetError('net.cancelled')
    stream.abort(failure)
  }
  open.signal?.addEventListener('abort', cancel, { once: true })
  if (open.signal?.aborted === true) cancel()

  const ask = async (request: Request): Promise<Answer> => {
    await writeMessage(stream, request)
    stream.begin()
    const frame = await frames.expect(MAX_ANSWER_BYTES)
    const reason = refusalOf(frame, peer)
    if (reason !== undefined) throw new NetError('net.refused', { peer, reason })
    return decodeMessage(frame, answerShape, peer)
  }
  try {
    for (const part of partsOf(expected, group, sha256)) {
      let from = 0
      for (let i = 0; from < part.buckets; i++) {
        if (i === MAX_ANSWERS) throw new NetError('net.malformed', { peer, reason: 'answers' })
        const answer = await ask({ ...part.request, ...(from === 0 ? {} : { from }) })
        take(answer, part, from, peer, out)
        from = answer.next ?? part.buckets
      }
    }
    return out
  } catch (error) {
    throw (
      failure ?? (error instanceof CairnError ? error : new NetError('net.reset', { peer }, { cause: error }))
    )
  } finally {
    open.signal?.removeEventListener('abort', cancel)
    stream.release()
    stream.abort(new NetError('net.closed'))
  }
}

/** A group by its name where the ids do not fit one list; all else in lists. */
function* partsOf(expected: Expected, group: string | undefined, sha256: Sha256): Generator<Part> {
  const ids = [...expected.keys()]
  if (group !== undefined && ids.length > MAX_IDS) {
    const bits = Math.min(MAX_BITS, Math.max(LEAST_BITS, Math.round(Math.log2(ids.length / IN_A_BUCKET))))
    const buckets = new Map(ids.map((id) => [id, bucketOf(id, bits, sha256)]))
    const digests = digestsOf(2 ** bits, buckets, expected, sha256)
    yield {
      request: { type: 'group', group, bits, digests },
      buckets: 2 ** bits,
      // Members that are not known here yet are nobody's business; their bucket is the same for all.
      bucketOf: (id) => buckets.get(id) ?? bucketOf(id, bits, sha256),
    }
    return
  }
  for (let i = 0; i < ids.length; i += MAX_IDS) {
    const some = ids.slice(i, i + MAX_IDS)
    const buckets = new Map(some.map((id, bucket) => [id, bucket]))
    const digests = digestsOf(some.length, buckets, expected, sha256)
    yield {
      request: { type: 'list', ids: some, digests },
      buckets: some.length,
      bucketOf: (id) => buckets.get(id),
    }
  }
}

function digestsOf(
  count: number,
  buckets: ReadonlyMap<string, number>,
  expected: Expected,
  sha256: Sha256,
): Uint8Array<ArrayBuffer> {
  const digests = createBucketDigests(count, sha256)
  for (const [id, bucket] of buckets) {
    const head = expected.get(id)
    if (head !== undefined) digests.add(bucket, head)
  }
  return digests.bytes
}

/**
 * Takes an answer over: what is in a bucket that differs is as told, or not there.
 *
 * @throws NetError `net.malformed` for buckets out of order or out of place, and for heads of repos that lie in none
 * of them, or that come twice
 */
function take(
  { differ, heads, next }: Answer,
  part: Part,
  from: number,
  peer: string,
  out: Map<string, HeadWord | undefined>,
): void {
  const malformed = (reason: string): NetError => new NetError('net.malformed', { peer, reason })
  const end = next ?? part.buckets
  // One that goes on has told something, so this ends.
  if (end > part.buckets || (next !== undefined && (next <= from || differ.length === 0)))
    throw malformed('next')
  let last = from - 1
  for (const bucket of differ) {
    if (bucket <= last || bucket >= end) throw malformed('bucket')
    last = bucket
  }
  const differing = new Set(differ)
  const told = new Map<string, HeadWord>()
  for (const head of heads) {
    const bucket = part.bucketOf(head.id)
    if (bucket === undefined || !differing.has(bucket) || told.has(head.id)) throw malformed('head')
    told.set(head.id, head)
  }
  for (const id of out.keys()) {
    const bucket = part.bucketOf(id)
    if (bucket !== undefined && differing.has(bucket)) out.set(id, told.get(id))
  }
}

function refusalOf(frame: Uint8Array, peer: string): string | undefined {
  try {
    return decodeMessage(frame, refusalShape, peer).refused
  } catch {
    // Not a refusal; what it is the shape of an answer says.
    return undefined
  }
}
