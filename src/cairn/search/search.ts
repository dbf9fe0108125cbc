import type { Clock } from '../../core/clock.ts'
import type { Storage } from '../../storage/port.ts'
import { type RepoRow, type SnapshotRow, snapshotKey } from '../../storage/rows.ts'
import { createSegmentReader, type SegmentReader } from '../../storage/segment-reader.ts'
import type { SearchHit, SearchQuery, SearchResult } from '../api.ts'
import { createIndexCache, type LoadedRepo, stampOf } from './loaded.ts'
import { createRecordCache } from './record-cache.ts'
import { resolveMatches } from './resolve.ts'
import { asIndexRow, type Built, indexKey } from './rows.ts'
import { type Match, narrow, scan } from './scan.ts'
import { parseTerms } from './terms.ts'

/**
 * Finds records by text in every repo that is kept here, or in one.
 *
 * ```ts
 * await indexRepo({ storage, did, snapshot, signal, onProgress }) // index-repo.ts; after each moved head
 * const search = createSearch({ storage, clock })
 * const { hits, more, took } = await search.search({ text: 'käse "two words"', limit: 50 }, new Map())
 * search.drop(did) // after indexRepo changed the index, and when the repo is deleted
 * ```
 *
 * The text is found inside words too, without regard to case and accents, in any script; several words must
 * all be there, in any order; quotes make a phrase. Posts come first, newer ones before older ones. A term
 * is looked for in folded text (`fold.ts`) with `indexOf`, chunk by chunk in the order of hits, until there
 * are enough: no tokens, so no language needs any.
 *
 * To measure: build the index once, then time `search` for each prefix of a word as it is typed. `took` is
 * in milliseconds. The first search of a repo reads the chunks that it needs, and then the rest into memory.
 */
export interface Search {
  /**
   * @param progress repos whose index is being made, with the share that is done (0..1)
   * Errors: those of storage. A repo deleted meanwhile gives no hits.
   */
  search(query: SearchQuery, progress: ReadonlyMap<string, number>): Promise<SearchResult>
  /** Frees what is held in memory of a repo. */
  drop(did: string): void
}

/** No answer is longer, whatever is asked. */
const MAX_HITS = 500

interface Source {
  readonly did: string
  readonly head: SnapshotRow
  readonly built: Built
}

export function createSearch(host: { readonly storage: Storage; readonly clock: Clock }): Search {
  const { storage, clock } = host
  const cache = createIndexCache(storage)
  const records = createRecordCache()
  const readers = new Map<string, SegmentReader>()
  const warmed = new WeakSet<LoadedRepo>()
  let warming: Promise<void> = Promise.resolve()
  /** The last answer that held every match: what is typed on can only be among them. */
  let last:
    | { readonly key: string; readonly terms: readonly string[]; readonly matches: readonly Match[] }
    | undefined

  const readerOf = (did: string): SegmentReader => {
    const reader = readers.get(did) ?? createSegmentReader(storage, did)
    readers.set(did, reader)
    return reader
  }

  /** What was typed first is common and needs few chunks; the next letters need them all. */
  const warm = (repo: LoadedRepo): void => {
    warmed.add(repo)
    // The storage may be closed meanwhile; whoever searches next is told of what is wrong.
    warming = warming.then(() => repo.warm()).catch(() => {})
  }

  const find = async (
    sources: readonly Source[],
    terms: readonly string[],
    query: SearchQuery,
    limit: number,
  ): Promise<Match[]> => {
    const key = [query.collection ?? '', ...sources.map((it) => `${it.did} ${stampOf(it.built)}`)].join('\n')
    if (last?.key === key && last.terms.every((was) => terms.some((term) => term.includes(was)))) {
      return narrow(last.matches, terms).slice(0, limit)
    }
    const repos = await Promise.all(sources.map(({ did, built }) => cache.open(did, built)))
    const matches = await scan(
      repos.flatMap((repo) => repo.lanes),
      terms,
      query.collection,
      limit,
    )
    for (const repo of repos) if (!warmed.has(repo)) warm(repo)
    last = matches.length < limit ? { key, terms, matches } : undefined
    return matches
  }

  return {
    async search(query, progress) {
      const started = clock.now()
      const terms = parseTerms(query.text)
      const limit = Math.max(0, Math.min(query.limit, MAX_HITS))
      const { sources, unready } = await sourcesOf(storage, query.did)
      const building = buildingOf(query.did, unready, progress)
      if (terms.length === 0 || limit === 0)
        return { hits: [], more: false, building, took: clock.now() - started }
      const matches = await find(sources, terms, query, limit + 1)
      const shown = matches.slice(0, limit)
      const found = new Map<Match, SearchHit>()
      for (const { did, head, built } of sources) {
        const own = shown.filter((match) => match.did === did)
        if (own.length === 0) continue
        for (const [match, hit] of await resolveMatches(records, readerOf(did), head, built.tree, own, terms))
          found.set(match, hit)
      }
      const hits = shown.flatMap((match) => found.get(match) ?? [])
      return { hits, more: matches.length > limit, building, took: clock.now() - started }
    },
    drop(did) {
      cache.drop(did)
      readers.delete(did)
      records.clear()
      last = undefined
    },
  }
}

/** Repos with an index, and those without. Rows are our own, written by this code. */
async function sourcesOf(
  storage: Storage,
  did: string | undefined,
): Promise<{ readonly sources: Source[]; readonly unready: string[] }> {
  const rows =
    did === undefined
      ? (await storage.list('repos')).map((it) => it.value)
      : [await storage.get('repos', did)]
  const repos = rows.flatMap((value) => {
    const row = value as RepoRow | undefined
    return row?.head === undefined ? [] : [{ did: row.did, head: row.head }]
  })
  const [heads, indexes] = await Promise.all([
    storage.getMany(
      'snapshots',
      repos.map((it) => snapshotKey(it.did, it.head)),
    ),
    storage.getMany(
      'search',
      repos.map((it) => indexKey(it.did)),
    ),
  ])
  const sources: Source[] = []
  const unready: string[] = []
  repos.forEach((repo, i) => {
    const head = heads[i] as SnapshotRow | undefined
    const row = asIndexRow(indexes[i])
    if (head === undefined || row?.current === undefined) unready.push(repo.did)
    else sources.push({ did: repo.did, head, built: row.current })
  })
  return { sources, unready }
}

function buildingOf(
  did: string | undefined,
  unready: readonly string[],
  progress: ReadonlyMap<string, number>,
): SearchResult['building'] {
  const all = new Map(unready.map((it) => [it, 0]))
  for (const [repo, share] of progress) if (did === undefined || repo === did) all.set(repo, share)
  return [...all].map(([repo, share]) => ({ did: repo, progress: share }))
}
