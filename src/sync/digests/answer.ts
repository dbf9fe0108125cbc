import { CairnError } from '../../core/errors.ts'
import type { Sha256 } from '../../core/hash.ts'
import { encodeMessage } from '../../net/messages.ts'
import { bucketOf, createBucketDigests, type HeadWord } from './digest.ts'
import type { HeadsOf } from './kept-heads.ts'
import {
  type Answer,
  ANSWER_BYTES,
  DIGESTS_PROTOCOL,
  MAX_ANSWER_BYTES,
  MAX_MEMBERS,
  type Request,
} from './protocol.ts'

type RequestOf<T extends Request['type']> = Extract<Request, { type: T }>

interface Sources {
  readonly sha256: Sha256
  readonly headsOf: HeadsOf
}

/** A group, or one bucket of it, is larger than an answer may be. */
export class TooMany extends CairnError {
  constructor() {
    super('sync.refused', { protocol: DIGESTS_PROTOCOL, refusal: 'too-many' })
  }
}

/** Repos of a list, or members of a group, looked at together. */
const AT_ONCE = 200
/** Of an answer beside its heads: the names of its fields, and some bytes for each bucket that differs. */
const FRAME_BYTES = 64
const BUCKET_BYTES = 3

/** What differs from a list: each repo is a bucket of its own. */
export async function answerList(
  { ids, digests, from = 0 }: RequestOf<'list'>,
  { sha256, headsOf }: Sources,
): Promise<Answer> {
  const ours = createBucketDigests(ids.length, sha256)
  const page = createPage()
  for (let i = from; i < ids.length; i += AT_ONCE) {
    const heads = await headsOf(ids.slice(i, i + AT_ONCE))
    for (const [j, head] of heads.entries()) {
      const bucket = i + j
      if (head !== undefined) ours.add(bucket, head)
      if (ours.equals(bucket, digests)) continue
      if (!page.add(bucket, head === undefined ? [] : [head])) return page.answer(bucket)
    }
  }
  return page.answer()
}

/**
 * What differs among the members of a group.
 *
 * @throws TooMany
 */
export async function answerGroup(
  { bits, digests, from = 0 }: RequestOf<'group'>,
  members: readonly string[],
  { sha256, headsOf }: Sources,
): Promise<Answer> {
  if (members.length > MAX_MEMBERS) throw new TooMany()
  const buckets = new Map<string, number>()
  for (const id of members) {
    const bucket = bucketOf(id, bits, sha256)
    if (bucket >= from) buckets.set(id, bucket)
  }
  const ours = createBucketDigests(2 ** bits, sha256)
  for await (const head of headsOfAll([...buckets.keys()], headsOf)) ours.add(buckets.get(head.id) ?? 0, head)

  const differing = new Map<number, string[]>()
  for (let bucket = from; bucket < 2 ** bits; bucket++)
    if (!ours.equals(bucket, digests)) differing.set(bucket, [])
  for (const [id, bucket] of buckets) differing.get(bucket)?.push(id)

  const page = createPage()
  for (const [bucket, ids] of differing) {
    // Read anew: all heads of a group at once would be held for every peer that asks.
    const heads: HeadWord[] = []
    for await (const head of headsOfAll(ids, headsOf)) heads.push(head)
    if (!page.add(bucket, heads)) return page.answer(bucket)
  }
  return page.answer()
}

async function* headsOfAll(ids: readonly string[], headsOf: HeadsOf): AsyncGenerator<HeadWord> {
  for (let i = 0; i < ids.length; i += AT_ONCE)
    for (const head of await headsOf(ids.slice(i, i + AT_ONCE))) if (head !== undefined) yield head
}

/** One answer, filled bucket by bucket; a first one is taken whatever its size, as far as an answer may go. */
function createPage(): {
  /** False when there is no room. */
  add(bucket: number, heads: readonly HeadWord[]): boolean
  answer(next?: number): Answer
} {
  const differ: number[] = []
  const told: Answer['heads'] = []
  let size = FRAME_BYTES
  return {
    add(bucket, found) {
      const heads = found.map(plain)
      const needed = heads.reduce((all, head) => all + encodeMessage(head).length, BUCKET_BYTES)
      if (size + needed > (differ.length === 0 ? MAX_ANSWER_BYTES : ANSWER_BYTES)) {
        if (differ.length === 0) throw new TooMany()
        return false
      }
      size += needed
      differ.push(bucket)
      told.push(...heads)
      return true
    },
    answer: (next) => ({ differ, heads: told, ...(next === undefined ? {} : { next }) }),
  }
}

/** The encoder has no word for what is absent, and a source of heads may know more than is told. */
const plain = ({ id, rev, commit, collections }: HeadWord): Answer['heads'][number] => ({
  ...{ id, rev, commit },
  ...(collections === undefined
    ? {}
    : { collections: collections.map((it) => ({ nsid: it.nsid, rev: it.rev })) }),
})
