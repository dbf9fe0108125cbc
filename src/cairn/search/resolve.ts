import { equalBytes } from '../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { toJson } from '../../repo/json.ts'
import { find } from '../../repo/mst/read.ts'
import type { Place } from '../../repo/mst/stored.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import type { SegmentReader } from '../../storage/segment-reader.ts'
import type { SearchHit } from '../api.ts'
import { excerptOf } from './excerpt.ts'
import { fold } from './fold.ts'
import type { RecordCache } from './record-cache.ts'
import { isGone, type IndexedTree } from './rows.ts'
import type { Match } from './scan.ts'
import { recordTexts } from './text.ts'

interface Located {
  readonly match: Match
  readonly digest: Uint8Array
  readonly place: Place
}

/**
 * The hits of one repo as its head has them. When the index speaks of the head, it knows where the records
 * lie; when it is behind, or they were stored anew, each is looked up in the head's tree, and what the head
 * does not have, or has with another text, is no hit.
 */
export async function resolveMatches(
  cache: RecordCache,
  reader: SegmentReader,
  head: SnapshotRow,
  indexed: IndexedTree,
  matches: readonly Match[],
  terms: readonly string[],
): Promise<Map<Match, SearchHit>> {
  const known = matches.map((match) => ({
    match,
    digest: match.chunk.digest(match.record),
    place: match.chunk.place(match.record),
  }))
  if (!equalBytes(head.data, indexed.data))
    return hits(cache, reader, await lookUp(reader, head, known), terms)
  try {
    return await hits(cache, reader, known, terms)
  } catch (error) {
    if (!isGone(error)) throw error
    return hits(cache, reader, await lookUp(reader, head, known), terms)
  }
}

async function lookUp(
  reader: SegmentReader,
  head: SnapshotRow,
  known: readonly Located[],
): Promise<Located[]> {
  const found: Located[] = []
  for (const { match } of known) {
    const { entry } = await find(reader, head.root, `${match.nsid}/${match.rkey}`)
    if (entry !== undefined) found.push({ match, digest: entry.digest, place: entry.place })
  }
  return found
}

async function hits(
  cache: RecordCache,
  reader: SegmentReader,
  located: readonly Located[],
  terms: readonly string[],
): Promise<Map<Match, SearchHit>> {
  const values = await cache.read(reader, located)
  const out = new Map<Match, SearchHit>()
  located.forEach(({ match, digest }, i) => {
    const bytes = values[i]
    if (bytes === undefined) return
    const texts = recordTexts(bytes)
    if (!equalBytes(digest, match.chunk.digest(match.record))) {
      const folded = texts.map(fold)
      if (!terms.every((term) => folded.some((text) => text.includes(term)))) return
    }
    const item = {
      path: `${match.nsid}/${match.rkey}`,
      collection: match.nsid,
      rkey: match.rkey,
      cid: cidString(CODEC_DAG_CBOR, digest),
      bytes: bytes.length,
      value: toJson(bytes),
    }
    out.set(match, { did: match.did, item, ...excerptOf(texts, terms) })
  })
  return out
}
