import { decode } from '@atcute/cbor'
import { indexRepo } from '../../src/cairn/search/index-repo.ts'
import { createSearch } from '../../src/cairn/search/search.ts'
import { visit } from '../../src/repo/mst/read.ts'
import type { Place } from '../../src/repo/mst/stored.ts'
import { openIndexedDb } from '../../src/storage/indexeddb/open.ts'
import type { Storage } from '../../src/storage/port.ts'
import { createSegmentReader } from '../../src/storage/segment-reader.ts'
import { countingStorage } from './counting-storage.ts'
import { headOf } from './open.ts'
import type { Keystroke } from './protocol.ts'
import type { Task } from './worker.ts'

/** What a first screen of results shows. */
const LIMIT = 20

export const ourIndex: Task<'ourIndex'> = async ({ did }) => {
  const { storage, counts } = countingStorage(await openIndexedDb())
  const snapshot = await headOf(storage, did)
  return async () => {
    await indexRepo({
      storage,
      did,
      snapshot,
      signal: new AbortController().signal,
      onProgress: () => {},
    })
    return { written: counts.written }
  }
}

/** Types the words letter by letter; every letter is a search, and the next waits for its answer. */
export const ourSearch: Task<'ourSearch'> = async ({ did, words }) => {
  const storage = await openIndexedDb()
  const search = createSearch({ storage, clock: { now: () => Date.now() } })
  return async () => {
    const out: Keystroke[] = []
    for (const text of keystrokes(words)) {
      const started = performance.now()
      const { hits } = await search.search({ did, text, limit: LIMIT }, new Map())
      out.push({ text, ms: performance.now() - started, hits: hits.length })
    }
    return out
  }
}

/** Without an index: every text in memory, and a look through all of them at each letter. */
export const scanSearch: Task<'scanSearch'> = async ({ did, words }) => {
  const texts = await allTexts(await openIndexedDb(), did)
  return async () => {
    const out: Keystroke[] = []
    for (const text of keystrokes(words)) {
      const started = performance.now()
      const wanted = fold(text)
      let hits = 0
      for (let i = texts.length - 1; i >= 0 && hits < LIMIT; i--)
        if (texts[i]?.includes(wanted) === true) hits++
      out.push({ text, ms: performance.now() - started, hits })
    }
    return out
  }
}

function* keystrokes(words: readonly string[]): Generator<string> {
  for (const word of words) {
    const letters = [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(word)]
    for (let i = 1; i <= letters.length; i++) {
      yield letters
        .slice(0, i)
        .map((one) => one.segment)
        .join('')
    }
  }
}

async function allTexts(storage: Storage, did: string): Promise<string[]> {
  const head = await headOf(storage, did)
  const reader = createSegmentReader(storage, did)
  const places: Place[] = []
  await visit(reader, head.root, { skip: 0, reverse: false }, (entry) => {
    places.push(entry.place)
    return true
  })
  const texts: string[] = []
  for (let i = 0; i < places.length; i += 1000) {
    for (const bytes of await reader.records(places.slice(i, i + 1000)))
      texts.push(fold(stringsIn(decode(bytes)).join('\n')))
  }
  return texts
}

function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(stringsIn)
  if (typeof value !== 'object' || value === null || '$link' in value || '$bytes' in value) return []
  return Object.values(value).flatMap(stringsIn)
}
