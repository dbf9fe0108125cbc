import type { Place } from '../../repo/mst/stored.ts'
import { compareCollections, type Standing } from './order.ts'

/** Text of a chunk, UTF-16 units: scanned in well under a millisecond, and a few hundred kilobytes a row. */
export const CHUNK_TEXT = 256 * 1024

/** Parts one record's text from the next; no folded text holds it. */
const RECORD = '\x1e'
const DIGEST = 32
const PLACE = 3
/** What an rkey costs once it is split: a string's head and 13 letters. */
const RKEY_BYTES = 40

/** A record as it is searched. */
export interface Entry extends Standing {
  /** folded, not empty */
  readonly text: string
  /** 32 bytes */
  readonly digest: Uint8Array
  readonly place: Place
}

/**
 * Records that follow one another in the order of hits, their texts in one string. A row of table `search`.
 * Text of one-byte characters only stays one byte a character, on disk and in memory.
 */
export interface ChunkRow {
  readonly text: string
  /** where each record's text begins */
  readonly starts: Uint32Array
  /** joined by line feeds */
  readonly rkeys: string
  /** collections in order, each with the number of its first record here */
  readonly runs: readonly { readonly nsid: string; readonly first: number }[]
  /** 32 bytes a record */
  readonly digests: Uint8Array
  /** segment, offset, length of each record */
  readonly places: Uint32Array
}

export interface ChunkBuilder {
  /** Entries come in the order of hits. */
  add(entry: Entry): void
  readonly length: number
  readonly records: number
  /** The row so far; the builder starts anew. */
  take(): ChunkRow
}

export function createChunkBuilder(): ChunkBuilder {
  let entries: Entry[] = []
  let length = 0
  return {
    add(entry) {
      entries.push(entry)
      length += entry.text.length + 1
    },
    get length() {
      return length
    },
    get records() {
      return entries.length
    },
    take() {
      const row = rowOf(entries)
      entries = []
      length = 0
      return row
    },
  }
}

function rowOf(entries: readonly Entry[]): ChunkRow {
  const starts = new Uint32Array(entries.length)
  const digests = new Uint8Array(entries.length * DIGEST)
  const places = new Uint32Array(entries.length * PLACE)
  const runs: { nsid: string; first: number }[] = []
  let at = 0
  entries.forEach(({ nsid, text, digest, place }, i) => {
    starts[i] = at
    at += text.length + 1
    digests.set(digest, i * DIGEST)
    places.set([place.segment, place.offset, place.length], i * PLACE)
    if (runs.at(-1)?.nsid !== nsid) runs.push({ nsid, first: i })
  })
  return {
    text: entries.map((it) => it.text).join(RECORD),
    starts,
    rkeys: entries.map((it) => it.rkey).join('\n'),
    runs,
    digests,
    places,
  }
}

/** A chunk in memory. */
export interface Chunk {
  readonly records: number
  readonly bytes: number
  standing(record: number): Standing
  text(record: number): string
  digest(record: number): Uint8Array
  place(record: number): Place
  entry(record: number): Entry
  /**
   * The first record from `record` on that holds every term, or -1. `terms` are folded, at least one. With
   * `collection`, only its records.
   */
  next(terms: readonly string[], record: number, collection: string | undefined): number
}

export function openChunk(row: ChunkRow): Chunk {
  const { text, starts, runs } = row
  const records = starts.length
  let rkeys: readonly string[] | undefined

  const start = (record: number): number => (record < records ? (starts[record] ?? 0) : text.length + 1)
  const textOf = (record: number): string => text.slice(start(record), start(record + 1) - 1)

  /** The last record that begins at or before an offset. */
  const recordAt = (offset: number): number => {
    let low = 0
    let high = records - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }

  const rangeOf = (collection: string | undefined): readonly [number, number] => {
    if (collection === undefined) return [0, records]
    const i = runs.findIndex((run) => run.nsid === collection)
    return i < 0 ? [0, 0] : [runs[i]?.first ?? 0, runs[i + 1]?.first ?? records]
  }

  const standing = (record: number): Standing => {
    rkeys ??= row.rkeys.split('\n')
    const run = runs.findLast((it) => it.first <= record)
    return { nsid: run?.nsid ?? '', rkey: rkeys[record] ?? '' }
  }
  const digest = (record: number): Uint8Array => row.digests.subarray(record * DIGEST, (record + 1) * DIGEST)
  const place = (record: number): Place => {
    const [segment = 0, offset = 0, length = 0] = row.places.subarray(record * PLACE, (record + 1) * PLACE)
    return { segment, offset, length }
  }

  return {
    records,
    bytes: weigh(row),
    standing,
    text: textOf,
    digest,
    place,
    entry: (record) => ({
      ...standing(record),
      text: textOf(record),
      digest: digest(record),
      place: place(record),
    }),
    next(terms, record, collection) {
      const [first, end] = rangeOf(collection)
      const [needle = '', ...others] = terms
      let from = Math.max(record, first)
      while (from < end) {
        const at = text.indexOf(needle, start(from))
        if (at < 0 || at >= start(end)) return -1
        const found = recordAt(at)
        if (others.length === 0) return found
        const all = textOf(found)
        if (others.every((term) => all.includes(term))) return found
        from = found + 1
      }
      return -1
    },
  }
}

function weigh(row: ChunkRow): number {
  // A wide character anywhere makes the whole string wide.
  const unit = isNarrow(row.text) ? 1 : 2
  return row.text.length * unit + row.starts.length * (4 + DIGEST + PLACE * 4 + RKEY_BYTES)
}

const WIDE = /[^\p{Cc}\u0020-\u00ff]/u

/** True when every character fits one byte. */
export function isNarrow(text: string): boolean {
  return !WIDE.test(text)
}

/** Collections of a tree in the order of hits, each with where it begins in key order. */
export function collectionsInOrder(
  collections: readonly { readonly nsid: string; readonly records: number }[],
): { readonly nsid: string; readonly records: number; readonly before: number }[] {
  let before = 0
  const out = collections.map(({ nsid, records }) => {
    const it = { nsid, records, before }
    before += records
    return it
  })
  return out.sort((a, b) => compareCollections(a.nsid, b.nsid))
}
