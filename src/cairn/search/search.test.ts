import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editRepo, type RecordEdit } from '../../repo/testing/edit.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import type { TestRepo } from '../../repo/testing/repo.ts'
import type { Storage } from '../../storage/port.ts'
import { importCar, withLevel } from '../../storage/testing/node-host.ts'
import type { SearchResult } from '../api.ts'
import { fold } from './fold.ts'
import { indexRepo } from './index-repo.ts'
import { compareStanding, standingOf } from './order.ts'
import { createSearch, type Search } from './search.ts'
import { parseTerms } from './terms.ts'
import { recordTexts } from './text.ts'

const none: ReadonlyMap<string, number> = new Map()

async function index(storage: Storage, repo: TestRepo): Promise<void> {
  const snapshot = await importCar(storage, repo.did, repo.car('preorder'))
  await indexRepo({
    storage,
    did: repo.did,
    snapshot,
    signal: new AbortController().signal,
    onProgress: () => {},
  })
}

const open = (storage: Storage): Search => createSearch({ storage, clock: { now: () => performance.now() } })
const paths = (result: SearchResult): string[] => result.hits.map((hit) => hit.item.path)

/** What a search must find, by the plainest means. */
function expected(repo: TestRepo, query: string, collection?: string): string[] {
  const terms = parseTerms(query)
  return repo.records
    .filter(({ path, bytes }) => {
      if (collection !== undefined && !path.startsWith(`${collection}/`)) return false
      const texts = recordTexts(bytes).map(fold)
      return terms.every((term) => texts.some((text) => text.includes(term)))
    })
    .map(({ path }) => path)
    .sort((a, b) => compareStanding(standingOf(a), standingOf(b)))
}

const post = (i: number, text: string): RecordEdit => ({
  path: `app.bsky.feed.post/3kaaaaaaaaa${String(22 + i)}`,
  value: { $type: 'app.bsky.feed.post', text, createdAt: '2026-01-02T03:04:05.678Z' },
})

describe('a search', () => {
  it('finds what a plain look at every record finds, in the order of hits, as one types', async () => {
    const first = generateRepo({ seed: 'search', records: 1200 })
    const repo = editRepo(first, { create: 20, update: 10, delete: 10 })
    await withLevel(async (storage) => {
      await index(storage, first)
      await index(storage, repo)
      const search = open(storage)
      for (const word of [
        'written at',
        'morning',
        'CORAÇÃO',
        'strasse',
        '猫',
        '東京',
        '날씨',
        'example.com',
        'no such thing',
      ]) {
        for (let length = 1; length <= word.length; length++) {
          const text = word.slice(0, length)
          const result = await search.search({ text, limit: 500 }, none)
          const all = expected(repo, text)
          expect(paths(result)).toEqual(all.slice(0, 500))
          expect(result.more).toBe(all.length > 500)
          for (const hit of result.hits) {
            expect(hit.marks.length).toBeGreaterThan(0)
            for (const [from, to] of hit.marks) {
              const marked = fold(hit.excerpt.slice(from, to))
              expect(parseTerms(text).some((term) => marked.includes(term))).toBe(true)
            }
          }
        }
      }
    })
  })

  it('holds to random words, phrases, collections and limits', async () => {
    const repo = generateRepo({ seed: 'random', records: 800 })
    await withLevel(async (storage) => {
      await index(storage, repo)
      const search = open(storage)
      const word = fc.constantFrom(
        'the',
        'th',
        'night',
        'e',
        'café',
        '"of the"',
        'は',
        'list',
        'und',
        'https',
      )
      const collection = fc.constantFrom(
        undefined,
        'app.bsky.feed.post',
        'app.bsky.graph.list',
        'com.example.none',
      )
      await fc.assert(
        fc.asyncProperty(
          fc.array(word, { minLength: 1, maxLength: 3 }),
          collection,
          fc.integer({ min: 1, max: 40 }),
          async (words, nsid, limit) => {
            const text = words.join(' ')
            const query = { text, limit, did: repo.did, ...(nsid === undefined ? {} : { collection: nsid }) }
            const result = await search.search(query, none)
            const all = expected(repo, text, nsid)
            expect(paths(result)).toEqual(all.slice(0, limit))
            expect(result.more).toBe(all.length > limit)
          },
        ),
        { numRuns: 60 },
      )
    })
  })

  it('gives the record as it is kept, with marks on the original text', async () => {
    const repo = editRepo(generateRepo({ seed: 'item', records: 5 }), {
      create: [post(1, 'Frische Brötchen, ofenwarm')],
    })
    const record = repo.records.find(({ path }) => path === post(1, '').path)
    await withLevel(async (storage) => {
      await index(storage, repo)
      const { hits, building, took } = await open(storage).search({ text: 'brot ofen', limit: 5 }, none)
      expect(hits).toEqual([
        {
          did: repo.did,
          item: {
            path: post(1, '').path,
            collection: 'app.bsky.feed.post',
            rkey: '3kaaaaaaaaa23',
            cid: expect.stringMatching(/^bafyrei/),
            bytes: record?.bytes.length,
            value: {
              $type: 'app.bsky.feed.post',
              text: 'Frische Brötchen, ofenwarm',
              createdAt: '2026-01-02T03:04:05.678Z',
            },
          },
          excerpt: 'Frische Brötchen, ofenwarm',
          marks: [
            [8, 12],
            [18, 22],
          ],
        },
      ])
      expect(building).toEqual([])
      expect(took).toBeGreaterThanOrEqual(0)
    })
  })

  it('merges repos by newness, and keeps to one when asked', async () => {
    const a = editRepo(generateRepo({ seed: 'a', records: 3 }), {
      create: [post(1, 'merge me'), post(5, 'merge me')],
    })
    const b = editRepo(generateRepo({ seed: 'b', records: 3 }), { create: [post(3, 'merge me')] })
    await withLevel(async (storage) => {
      await index(storage, a)
      await index(storage, b)
      const search = open(storage)
      const all = await search.search({ text: 'merge', limit: 10 }, none)
      expect(all.hits.map((hit) => hit.did)).toEqual([a.did, b.did, a.did])
      const one = await search.search({ text: 'merge', limit: 10, did: b.did }, none)
      expect(one.hits.map((hit) => hit.did)).toEqual([b.did])
      const two = await search.search({ text: 'merge', limit: 2 }, none)
      expect([two.hits.length, two.more]).toEqual([2, true])
    })
  })

  it('shows the head only, also while the index is behind it', async () => {
    const first = editRepo(generateRepo({ seed: 'behind', records: 20 }), {
      create: [
        post(1, 'stays findable'),
        post(2, 'goes findable'),
        post(3, 'changes findable'),
        post(4, 'still findable, once'),
      ],
    })
    const next = editRepo(first, {
      delete: [post(2, '').path],
      update: [post(3, 'changed to something else'), post(4, 'still findable, twice')],
    })
    await withLevel(async (storage) => {
      await index(storage, first)
      const search = open(storage)
      expect(paths(await search.search({ text: 'findable', limit: 9 }, none)).length).toBe(4)
      await importCar(storage, next.did, next.car('preorder'))
      const behind = await search.search({ text: 'findable', limit: 9 }, none)
      expect(behind.hits.map((hit) => hit.excerpt)).toEqual(['still findable, twice', 'stays findable'])
      await index(storage, next)
      search.drop(next.did)
      expect(paths(await search.search({ text: 'findable', limit: 9 }, none))).toEqual(paths(behind))
      expect((await search.search({ text: 'something else', limit: 9 }, none)).hits.length).toBe(1)
    })
  })

  it('says which indexes are not ready, and asks nothing of an empty query', async () => {
    const repo = generateRepo({ seed: 'building', records: 20 })
    await withLevel(async (storage) => {
      await importCar(storage, repo.did, repo.car('preorder'))
      const search = open(storage)
      expect(await search.search({ text: 'x', limit: 5 }, none)).toMatchObject({
        hits: [],
        building: [{ did: repo.did, progress: 0 }],
      })
      const progress = new Map([[repo.did, 0.5]])
      expect((await search.search({ text: 'x', limit: 5 }, progress)).building).toEqual([
        { did: repo.did, progress: 0.5 },
      ])
      expect((await search.search({ text: 'x', limit: 5, did: 'did:plc:other' }, progress)).building).toEqual(
        [],
      )
      expect(await search.search({ text: ' "" ', limit: 5 }, none)).toMatchObject({ hits: [], more: false })
    })
  })
})
