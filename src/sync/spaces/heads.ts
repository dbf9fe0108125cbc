import type { Sha256 } from '../../core/hash.ts'
import { NetError } from '../../net/errors.ts'
import { parseSpaceRepo } from '../../repo/space/uri.ts'
import type { SpaceStore } from '../../storage/space/store.ts'
import { bucketOf, createBucketDigests, type HeadWord } from '../digests/digest.ts'
import { MAX_BITS, MAX_MEMBERS } from '../digests/protocol.ts'
import type { SpaceClient } from './client.ts'

/** Heads read at once. */
const AT_ONCE = 500
/** Repos in one bucket, about. */
const IN_A_BUCKET = 8
/** Answers to one question: each but the last is cut because it is full. */
const MAX_ANSWERS = 256

/** Heads of the repos of a space, by the repo's URI. */
export type SpaceHeads = ReadonlyMap<string, HeadWord>

/** All that are kept; of a space with more than 100,000 the first so many. */
export async function headsOfSpace(store: SpaceStore, space: string): Promise<Map<string, HeadWord>> {
  const found = new Map<string, HeadWord>()
  let after: string | undefined
  while (found.size < MAX_MEMBERS) {
    const range = { limit: AT_ONCE, ...(after === undefined ? {} : { after }) }
    const rows = await store.heads(`${space}/`, range)
    for (const { repo, head } of rows) found.set(repo, { id: repo, rev: head.rev, commit: head.cid })
    after = rows.at(-1)?.repo
    if (rows.length < AT_ONCE) break
  }
  return found
}

/**
 * What the other side holds: what is as here costs next to nothing. Repos that are not here yet are told of too. All
 * of it is the other side's word.
 *
 * @throws NetError as `SpaceClient.heads`; `net.malformed` for an answer that contradicts itself or the question
 */
export async function compareSpaceHeads(
  client: SpaceClient,
  ours: SpaceHeads,
  sha256: Sha256,
): Promise<Map<string, HeadWord>> {
  const bits = Math.min(MAX_BITS, Math.max(0, Math.ceil(Math.log2(Math.max(1, ours.size) / IN_A_BUCKET))))
  const buckets = 2 ** bits
  const digests = createBucketDigests(buckets, sha256)
  const placed = new Map<number, string[]>()
  for (const head of ours.values()) {
    const bucket = bucketOf(head.id, bits, sha256)
    digests.add(bucket, head)
    const there = placed.get(bucket)
    if (there === undefined) placed.set(bucket, [head.id])
    else there.push(head.id)
  }
  const theirs = new Map(ours)
  const malformed = (reason: string): NetError => new NetError('net.malformed', { peer: client.peer, reason })

  let from = 0
  let told = 0
  for (let i = 0; from < buckets; i++) {
    if (i === MAX_ANSWERS) throw malformed('answers')
    const { differ, heads, next } = await client.heads(bits, digests.bytes, from)
    const end = next ?? buckets
    // One that goes on has told something, so this ends.
    if (end > buckets || (next !== undefined && (next <= from || differ.length === 0)))
      throw malformed('next')
    let last = from - 1
    for (const bucket of differ) {
      if (bucket <= last || bucket >= end) throw malformed('bucket')
      last = bucket
      for (const id of placed.get(bucket) ?? []) theirs.delete(id)
    }
    const differing = new Set(differ)
    told += heads.length
    if (told > MAX_MEMBERS) throw malformed('heads')
    const seen = new Set<string>()
    for (const head of heads) {
      const isOurs = parseSpaceRepo(head.id)?.space === client.space
      if (!isOurs || !differing.has(bucketOf(head.id, bits, sha256)) || seen.has(head.id))
        throw malformed('head')
      seen.add(head.id)
      theirs.set(head.id, { id: head.id, rev: head.rev, commit: head.commit })
    }
    from = end
  }
  return theirs
}
