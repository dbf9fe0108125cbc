import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { checkEach } from '../../core/hash.ts'
import { hasCode } from '../../core/errors.ts'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import type { TestRepo } from '../../repo/testing/repo.ts'
import type { Storage } from '../../storage/port.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import { importCar, sha256, withLevel } from '../../storage/testing/node-host.ts'
import { buildBare, readBare } from './bare.ts'
import { blocksIn, buildFragment, readFragment } from './fragment.ts'
import { buildPage, type Page } from './page-plan.ts'
import { createPageWalk, verifyPage } from './page-walk.ts'
import { collectionRange, inRange, type PathRange } from './range.ts'

const digests = checkEach(sha256)
const cidOf = (repo: TestRepo): string => cidString(CODEC_DAG_CBOR, repo.commit.subarray(4))

/** Pages of a range, each as large as its turn says. */
async function pagesOf(
  storage: Storage,
  snapshot: SnapshotRow,
  range: PathRange,
  sizes: readonly number[],
  bare = false,
): Promise<Page[]> {
  const reader = createSegmentReader(storage, snapshot.did)
  const pages: Page[] = []
  for (let after = range.after; ;) {
    const maxBytes = sizes[pages.length % sizes.length] ?? 1
    const page = await buildPage(
      reader,
      snapshot,
      { ...range, after },
      { known: pages.length > 0, maxBytes, bare },
    )
    pages.push(page)
    after = page.last
    if (page.end) return pages
  }
}

const walkOf = (repo: TestRepo, range: PathRange, imported = false) =>
  createPageWalk({ did: repo.did, root: cidOf(repo), range, sha256, digests, imported })

async function withRepo(
  records: number,
  use: (kit: { repo: TestRepo; storage: Storage; snapshot: SnapshotRow }) => Promise<void>,
): Promise<void> {
  const repo = generateRepo({ seed: `pages-${records}`, records })
  await withLevel(async (storage) =>
    use({ repo, storage, snapshot: await importCar(storage, repo.did, repo.car()) }),
  )
}

/** With the CIDs of blocks, and without. */
const forms = [
  { form: 'frames of a CAR', bare: false },
  { form: 'bare blocks', bare: true },
]

describe('pages', () => {
  it.each(forms)('of any range and any sizes hold the range, whole and in order ($form)', ({ bare }) =>
    withRepo(400, async ({ repo, storage, snapshot }) => {
      const paths = repo.records.map((it) => it.path)
      const nsids = [...new Set(paths.map((it) => it.slice(0, it.indexOf('/'))))]
      const path = fc.oneof(fc.constantFrom(...paths), fc.string({ maxLength: 30 }))
      const range: fc.Arbitrary<PathRange> = fc.oneof(
        fc.record({ after: path, from: path, to: path }, { requiredKeys: [] }),
        fc.constantFrom(...nsids, 'zz.none.such').map(collectionRange),
      )
      const sizes = fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 5 })
      await fc.assert(
        fc.asyncProperty(range, sizes, async (asked, of) => {
          const walk = walkOf(repo, asked)
          const importing = walkOf(repo, asked, true)
          const got: string[] = []
          for (const page of await pagesOf(storage, snapshot, asked, of, bare)) {
            const proven = walk.take(page.bytes, bare)
            // What is imported is put in order the same way, though less is asked of it.
            expect(importing.take(page.bytes, bare)).toEqual({ ...proven, records: [] })
            expect({ last: proven.last, end: proven.end, records: proven.records.length }).toEqual({
              last: page.last,
              end: page.end,
              records: page.records,
            })
            got.push(...proven.records.map((it) => it.path))
          }
          expect(walk.end).toBe(true)
          expect(got).toEqual(paths.filter((it) => inRange(asked, it)))
        }),
        { numRuns: 60 },
      )
    }),
  )

  it('are cut at the same records without CIDs, and made of the same blocks', () =>
    withRepo(400, async ({ repo, storage, snapshot }) => {
      const framed = await pagesOf(storage, snapshot, {}, [9000])
      const bare = await pagesOf(storage, snapshot, {}, [9000], true)
      const walk = walkOf(repo, {})
      expect(bare.map((it) => it.last)).toEqual(framed.map((it) => it.last))
      expect(bare.map((it) => walk.take(it.bytes, true).fragment)).toEqual(framed.map((it) => it.bytes))
    }))

  it('go on from any path without what was sent before', () =>
    withRepo(400, async ({ repo, storage, snapshot }) => {
      const pages = await pagesOf(storage, snapshot, {}, [9000])
      const reader = createSegmentReader(storage, repo.did)
      for (const [i, page] of pages.entries()) {
        if (page.last === undefined || page.end) continue
        const alone = await buildPage(
          reader,
          snapshot,
          { after: page.last },
          { known: false, maxBytes: 9000 },
        )
        const proven = verifyPage(alone.bytes, {
          did: repo.did,
          root: cidOf(repo),
          range: { after: page.last },
          sha256,
          digests,
        })
        expect(proven.commit.rev).toBe(repo.rev)
        const names = (page: Page | undefined) =>
          readFragment(page?.bytes ?? new Uint8Array(), digests).map((it) => toHex(it.digest))
        // The commit and the way to the last path come besides.
        expect(names(alone)).toEqual(
          expect.arrayContaining([toHex(repo.commit.subarray(4)), toHex(repo.root.subarray(4))]),
        )
        expect(names(pages[i + 1])).not.toContain(toHex(repo.root.subarray(4)))
        expect(proven.records[0]?.path).toBe(repo.records.find((it) => it.path > (page.last ?? ''))?.path)
      }
    }))

  it('of an empty repo are one page', () =>
    withRepo(0, async ({ repo, storage, snapshot }) => {
      const [page, ...more] = await pagesOf(storage, snapshot, {}, [1])
      expect(more).toEqual([])
      expect(walkOf(repo, {}).take(page?.bytes ?? new Uint8Array())).toMatchObject({ end: true, records: [] })
    }))

  it.each(forms)(
    'with a block left out, doubled or changed are refused, and change nothing ($form)',
    ({ bare }) =>
      withRepo(300, async ({ repo, storage, snapshot }) => {
        const pages = await pagesOf(storage, snapshot, {}, [12_000], bare)
        const read = (bytes: Uint8Array) => (bare ? blocksIn(readBare(bytes)) : readFragment(bytes, digests))
        const build = bare ? buildBare : buildFragment
        const change = fc.constantFrom('drop', 'double', 'swap', 'flip', 'cut', 'append')
        fc.assert(
          fc.property(fc.nat(pages.length - 1), change, fc.nat(), (index, kind, pick) => {
            const walk = walkOf(repo, {})
            for (const page of pages.slice(0, index)) walk.take(page.bytes, bare)
            const good = pages[index]?.bytes ?? new Uint8Array()
            const blocks = read(good)
            const at = pick % blocks.length
            const other = (at + 1) % blocks.length
            const [one, two] = [blocks[at], blocks[other]]
            if (one === undefined || two === undefined) return
            const bad = (): Uint8Array => {
              switch (kind) {
                case 'drop':
                  return build(blocks.toSpliced(at, 1))
                case 'double':
                  return build(blocks.toSpliced(at, 0, one))
                case 'swap':
                  return build(blocks.with(at, two).with(other, one))
                case 'flip':
                  return good.with(pick % good.length, (good[pick % good.length] ?? 0) ^ 1)
                case 'cut':
                  return good.subarray(0, pick % good.length)
                default:
                  return build([...blocks, ...read(pages[0]?.bytes ?? good).slice(1, 2)])
              }
            }
            const before = walk.last
            const changed = bad()
            // A page that ends at an earlier record is a page.
            const error = thrown(() => walk.take(changed, bare))
            if (error === undefined) {
              expect(['drop', 'cut']).toContain(kind)
              expect(walk.end).toBe(false)
              expect(good.subarray(0, changed.length)).toEqual(changed)
              return
            }
            expect(String((error as { code?: string }).code)).toMatch(/^repo\./)
            expect(walk.last).toBe(before)
            expect(walk.take(good, bare).last).toBe(pages[index]?.last)
          }),
          { numRuns: 200 },
        )
      }),
  )

  it('of another account or another commit are refused', () =>
    withRepo(50, async ({ repo, storage, snapshot }) => {
      const [page] = await pagesOf(storage, snapshot, {}, [1 << 20])
      const bytes = page?.bytes ?? new Uint8Array()
      const other = generateRepo({ seed: 'other', records: 3 })
      const options = { did: repo.did, root: cidOf(repo), range: {}, sha256, digests }
      expect(
        hasCode(
          thrown(() => verifyPage(bytes, { ...options, did: other.did })),
          'repo.did-mismatch',
        ),
      ).toBe(true)
      expect(
        hasCode(
          thrown(() => verifyPage(bytes, { ...options, root: cidOf(other) })),
          'repo.node-missing',
        ),
      ).toBe(true)
      expect(
        hasCode(
          thrown(() => verifyPage(new Uint8Array(), options)),
          'repo.no-root',
        ),
      ).toBe(true)
    }))
})

function thrown(run: () => unknown): unknown {
  try {
    run()
    return undefined
  } catch (error) {
    return error
  }
}
