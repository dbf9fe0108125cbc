import type { Chunk } from './chunk.ts'
import type { LoadedLane } from './loaded.ts'
import { compareStanding, type Standing } from './order.ts'

/** A record that matches. */
export interface Match extends Standing {
  readonly did: string
  readonly chunk: Chunk
  readonly record: number
}

interface Cursor {
  readonly lane: LoadedLane
  index: number
  record: number
  chunk: Chunk | undefined
  match: Match | undefined
}

/**
 * The first `limit` records that hold every term, in the order of hits, over all lanes. Each lane is in that
 * order itself, so they are merged, and none is looked through further than the hits need.
 */
export async function scan(
  lanes: readonly LoadedLane[],
  terms: readonly string[],
  collection: string | undefined,
  limit: number,
): Promise<Match[]> {
  const matches: Match[] = []
  const cursors: Cursor[] = lanes.map((lane) => ({
    lane,
    index: 0,
    record: 0,
    chunk: undefined,
    match: undefined,
  }))
  for (const cursor of cursors) await advance(cursor, terms, collection)
  while (matches.length < limit) {
    let best: Cursor | undefined
    for (const cursor of cursors) {
      if (cursor.match === undefined) continue
      if (best?.match === undefined || compareMatches(cursor.match, best.match) < 0) best = cursor
    }
    if (best?.match === undefined) return matches
    matches.push(best.match)
    await advance(best, terms, collection)
  }
  return matches
}

function compareMatches(a: Match, b: Match): number {
  return compareStanding(a, b) || (a.did < b.did ? -1 : 1)
}

/** Moves a cursor to its next match. */
async function advance(
  cursor: Cursor,
  terms: readonly string[],
  collection: string | undefined,
): Promise<void> {
  const { lane } = cursor
  cursor.match = undefined
  while (cursor.index < lane.chunks) {
    if (cursor.chunk === undefined) {
      const found = lane.chunk(cursor.index)
      // A chunk in memory is there at once: a promise for each would cost more than the search.
      cursor.chunk = found instanceof Promise ? await found : found
    }
    const { chunk } = cursor
    const record = chunk === undefined ? -1 : chunk.next(terms, cursor.record, collection)
    if (chunk === undefined || record < 0) {
      cursor.index++
      cursor.record = 0
      cursor.chunk = undefined
      continue
    }
    cursor.record = record + 1
    const standing = chunk.standing(record)
    if (lane.isGone(`${standing.nsid}/${standing.rkey}`)) continue
    cursor.match = { ...standing, did: lane.did, chunk, record }
    return
  }
}

/** Those of earlier matches that hold every term too. */
export function narrow(matches: readonly Match[], terms: readonly string[]): Match[] {
  return matches.filter(({ chunk, record }) => {
    const text = chunk.text(record)
    return terms.every((term) => text.includes(term))
  })
}
