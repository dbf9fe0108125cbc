import { encode } from '@atcute/cbor'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { editRepo, type RecordEdit } from '../../repo/testing/edit.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import type { TestRepo } from '../../repo/testing/repo.ts'
import type { Storage, WriteOp } from '../../storage/port.ts'
import { type SnapshotRow, repoRange, segmentBytesKey } from '../../storage/rows.ts'
import { deleteSnapshotRow, sweepRepo } from '../../storage/sweep.ts'
import { importCar, withLevel } from '../../storage/testing/node-host.ts'
import type { BlobRow } from '../../sync/blobs.ts'
import { openChunk } from './chunk.ts'
import { indexRepo } from './index-repo.ts'
import { createIndexCache } from './loaded.ts'
import { compareStanding, standingOf } from './order.ts'
import { asIndexRow, indexKey, type IndexRow } from './rows.ts'
import { recordTexts, searchText } from './text.ts'

const run = (storage: Storage, did: string, snapshot: SnapshotRow, signal = new AbortController().signal) => {
  const shares: number[] = []
  return indexRepo({ storage, did, snapshot, signal, onProgress: (share) => void shares.push(share) }).then(
    (result) => ({
      ...result,
      shares,
    }),
  )
}

const rowOf = async (storage: Storage, did: string): Promise<IndexRow | undefined> =>
  asIndexRow(await storage.get('search', indexKey(did)))

/** Everything that the index finds, lane by lane, as `path text digest`; each lane must be in order. */
async function contents(storage: Storage, did: string): Promise<string[]> {
  const row = await rowOf(storage, did)
  if (row?.current === undefined) return []
  const { lanes } = await createIndexCache(storage).open(did, row.current)
  const found: string[] = []
  for (const lane of lanes) {
    let last = ''
    for (let i = 0; i < lane.chunks; i++) {
      const chunk = await lane.chunk(i)
      if (chunk === undefined) throw new Error('a chunk that the index names is not there')
      for (let record = 0; record < chunk.records; record++) {
        const { nsid, rkey, text, digest } = chunk.entry(record)
        const path = `${nsid}/${rkey}`
        if (last !== '') expect(compareStanding(standingOf(last), { nsid, rkey })).toBeLessThan(0)
        last = path
        if (!lane.isGone(path)) found.push(`${path} ${text} ${toHex(digest)}`)
      }
    }
  }
  return found.sort()
}

const expected = (repo: TestRepo): string[] =>
  repo.records
    .map(({ path, bytes, cid }) => ({
      path,
      text: searchText(recordTexts(bytes)),
      digest: toHex(cid.subarray(4)),
    }))
    .filter(({ text }) => text !== '')
    .map(({ path, text, digest }) => `${path} ${text} ${digest}`)
    .sort()

const add = (storage: Storage, repo: TestRepo): Promise<SnapshotRow> =>
  importCar(storage, repo.did, repo.car('preorder'))

describe('an index', () => {
  it('holds every text of the tree, and nothing else', async () => {
    const repo = generateRepo({ seed: 'index', records: 1500 })
    await withLevel(async (storage) => {
      const snapshot = await add(storage, repo)
      const first = await run(storage, repo.did, snapshot)
      expect(first.changed).toBe(true)
      expect(first.shares.at(-1)).toBe(1)
      expect(first.shares).toEqual(first.shares.toSorted((a, b) => a - b))
      expect(await contents(storage, repo.did)).toEqual(expected(repo))
      expect((await run(storage, repo.did, snapshot)).changed).toBe(false)
    })
  })

  it('of an empty repo is empty', async () => {
    const repo = generateRepo({ seed: 'none', records: 0 })
    await withLevel(async (storage) => {
      const snapshot = await add(storage, repo)
      expect((await run(storage, repo.did, snapshot)).changed).toBe(true)
      expect(await contents(storage, repo.did)).toEqual([])
    })
  })

  it('after any edits is what one made anew would be', async () => {
    const edit = fc.record({ create: fc.nat(12), update: fc.nat(6), delete: fc.nat(6) })
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 9 }), fc.nat(1000), async (edits, seed) => {
        await withLevel(async (storage) => {
          let repo: TestRepo = generateRepo({ seed, records: 120 })
          await run(storage, repo.did, await add(storage, repo))
          for (const one of edits) {
            const next = editRepo(repo, one)
            const snapshot = await add(storage, next)
            await run(storage, repo.did, snapshot)
            repo = next
          }
          const row = await rowOf(storage, repo.did)
          expect(await contents(storage, repo.did)).toEqual(expected(repo))
          expect(row?.current?.deltas.length).toBeLessThanOrEqual(6)
          // No rows but those that the index names.
          const { base, deltas = [] } = row?.current ?? {}
          const named =
            1 + (base?.narrow ?? 0) + (base?.wide ?? 0) + deltas.reduce((sum, it) => sum + it.chunks + 1, 0)
          expect(await storage.count('search', repoRange(repo.did))).toBe(named)
        })
      }),
      { numRuns: 8 },
    )
  })

  it('puts a record back that was deleted, and forgets what an older delta said of it', async () => {
    const first = generateRepo({ seed: 'back', records: 50 })
    const path = 'app.bsky.feed.post/3zzzzzzzzzz22'
    const put = (text: string): RecordEdit => ({ path, value: { $type: 'app.bsky.feed.post', text } })
    await withLevel(async (storage) => {
      let repo: TestRepo = first
      await run(storage, repo.did, await add(storage, repo))
      for (const edits of [
        { create: [put('one')] },
        { delete: [path] },
        { create: [put('two')] },
        { update: [put('three')] },
      ]) {
        repo = editRepo(repo, edits)
        await run(storage, repo.did, await add(storage, repo))
        expect(await contents(storage, repo.did)).toEqual(expected(repo))
      }
    })
  })

  it('is made anew when most has changed, and when the older tree is not stored any more', async () => {
    const first = generateRepo({ seed: 'swept', records: 60 })
    const second = editRepo(first, { create: 3, update: 5, delete: 2 })
    await withLevel(async (storage) => {
      const old = await add(storage, first)
      await run(storage, first.did, old)
      const snapshot = await add(storage, second)
      await deleteSnapshotRow(storage, old)
      await sweepRepo(storage, first.did)
      expect((await run(storage, first.did, snapshot)).changed).toBe(true)
      expect(await contents(storage, first.did)).toEqual(expected(second))
    })
    const large = generateRepo({ seed: 'large', records: 1400 })
    const next = editRepo(large, { delete: 1300 })
    await withLevel(async (storage) => {
      await run(storage, large.did, await add(storage, large))
      await run(storage, large.did, await add(storage, next))
      expect((await rowOf(storage, large.did))?.current?.deltas).toEqual([])
      expect(await contents(storage, large.did)).toEqual(expected(next))
    })
  })
})

describe('indexing that is cut off', () => {
  /** A storage whose writes to the index fail from the nth on: what a killed process leaves behind. */
  function failing(storage: Storage, after: number): Storage {
    let writes = 0
    return new Proxy(storage, {
      get(target, name) {
        if (name === 'write') {
          return (ops: readonly WriteOp[], options: Parameters<Storage['write']>[1]) => {
            if (ops.some((op) => 'table' in op && op.table === 'search') && ++writes > after) {
              throw new Error('killed')
            }
            return target.write(ops, options)
          }
        }
        // Any other member is the storage's own; Reflect cannot know its type.
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }

  it('is made anew when the older tree is damaged', async () => {
    const first = generateRepo({ seed: 'index/damaged', records: 60 })
    const second = editRepo(first, { create: 3 })
    await withLevel(async (storage) => {
      const older = await add(storage, first)
      await run(storage, first.did, older)
      const newer = await add(storage, second)
      const key = segmentBytesKey(first.did, older.root.segment, 0)
      const bytes = await storage.readBytes(key)
      bytes.fill(0, older.root.offset, older.root.offset + older.root.length)
      await storage.write([{ type: 'put-bytes', key, parts: [bytes] }])
      expect(await run(storage, first.did, newer)).toMatchObject({ changed: true })
      expect(await contents(storage, first.did)).toEqual(expected(second))
    })
  })

  it('at any write leaves an index that answers, and goes on from there', async () => {
    const text = 'x'.repeat(60_000)
    const create = Array.from({ length: 30 }, (_, i) => ({
      path: `com.example.article/a${i}`,
      value: { $type: 'com.example.article', text: `${i} ${text}${i % 3 === 0 ? '猫' : ''}` },
    }))
    const first = generateRepo({ seed: 'killed', records: 30 })
    const repo = editRepo(first, { create })
    const last = editRepo(repo, { update: 3, delete: 3 })
    for (let after = 0; after < 8; after++) {
      await withLevel(async (storage) => {
        const snapshot = await add(storage, repo)
        const cut = await run(failing(storage, after), repo.did, snapshot).catch((error: unknown) => error)
        const row = await rowOf(storage, repo.did)
        if (cut instanceof Error) {
          expect(row?.current).toBeUndefined()
          if (after > 1) expect(row?.building?.position).toBeGreaterThan(0)
        }
        // The head moves before the next try: the cut-off build is ended, then brought up to date.
        const next = await add(storage, last)
        const again = await run(storage, repo.did, next)
        if (after > 1 && cut instanceof Error) expect(again.shares[0]).toBeGreaterThan(1 / 60)
        expect(await contents(storage, repo.did)).toEqual(expected(last))
      })
    }
  })

  it('stops when told to, with the reason', async () => {
    const repo = generateRepo({ seed: 'abort', records: 900 })
    await withLevel(async (storage) => {
      const snapshot = await add(storage, repo)
      const controller = new AbortController()
      const stopped = indexRepo({
        storage,
        did: repo.did,
        snapshot,
        signal: controller.signal,
        onProgress: () => controller.abort(new Error('enough')),
      })
      await expect(stopped).rejects.toThrow('enough')
      expect((await rowOf(storage, repo.did))?.current).toBeUndefined()
      await run(storage, repo.did, snapshot)
      expect(await contents(storage, repo.did)).toEqual(expected(repo))
    })
  })

  it('starts anew when the tree it was at work on is gone', async () => {
    const first = generateRepo({ seed: 'gone', records: 300 })
    const second = editRepo(first, { create: 200, delete: 200 })
    await withLevel(async (storage) => {
      const old = await add(storage, first)
      await expect(run(failing(storage, 1), first.did, old)).rejects.toThrow('killed')
      const snapshot = await add(storage, second)
      await deleteSnapshotRow(storage, old)
      await sweepRepo(storage, first.did)
      await run(storage, first.did, snapshot)
      expect(await contents(storage, first.did)).toEqual(expected(second))
    })
  })

  it('does not bring rows back of a repo that was deleted', async () => {
    const repo = generateRepo({ seed: 'deleted', records: 200 })
    await withLevel(async (storage) => {
      const snapshot = await add(storage, repo)
      await storage.write([{ type: 'delete', table: 'repos', key: repo.did }])
      await expect(run(storage, repo.did, snapshot)).rejects.toMatchObject({ code: 'storage.conflict' })
      expect(await storage.count('search')).toBe(0)
      expect(await storage.count('blobs')).toBe(0)
    })
  })

  it('twice at once does the work once', async () => {
    const repo = generateRepo({ seed: 'twice', records: 500 })
    await withLevel(async (storage) => {
      const snapshot = await add(storage, repo)
      const results = await Promise.all([run(storage, repo.did, snapshot), run(storage, repo.did, snapshot)])
      expect(results.filter((it) => it.changed).length).toBe(1)
      expect(await contents(storage, repo.did)).toEqual(expected(repo))
    })
  })
})

describe('the blobs that records mention', () => {
  const rows = async (storage: Storage, did: string): Promise<BlobRow[]> =>
    (await storage.list('blobs', repoRange(did))).map(({ value }) => value as BlobRow)

  it('are noted, and a kept one stays kept', async () => {
    const repo = generateRepo({ seed: 'blobs', records: 400 })
    await withLevel(async (storage) => {
      const snapshot = await add(storage, repo)
      await run(storage, repo.did, snapshot)
      const noted = await rows(storage, repo.did)
      expect(noted.length).toBeGreaterThan(10)
      for (const row of noted) {
        expect(row).toMatchObject({ state: 'wanted', bytes: undefined, imageType: undefined })
        expect(row.declaredType).toMatch(/^(image|video)\//)
        expect(row.paths.length).toBe(1)
      }
      const kept = noted[0]
      if (kept === undefined) throw new Error('no blob')
      const row: BlobRow = { ...kept, state: 'kept', bytes: 3, declaredType: undefined, paths: [] }
      await storage.write([{ type: 'put', table: 'blobs', key: `${repo.did}/${kept.cid}`, value: row }])
      // The same blob in seven more records, and a deletion of the first.
      const source = repo.records.find(({ path }) => path === kept.paths[0])
      if (source === undefined) throw new Error('no record')
      const create = Array.from({ length: 7 }, (_, i) => ({
        path: `com.example.copy/${i}`,
        copyOf: source.path,
      }))
      const next = editRepo(repo, { create })
      await run(storage, repo.did, await add(storage, next))
      const after = editRepo(next, { delete: [source.path] })
      await run(storage, repo.did, await add(storage, after))
      const found = (await rows(storage, repo.did)).find(({ cid }) => cid === kept.cid)
      expect(found).toMatchObject({ state: 'kept', bytes: 3, declaredType: kept.declaredType })
      expect(found?.paths.length).toBe(5)
      expect((await rows(storage, repo.did)).length).toBe(noted.length)
    })
  })
})

describe('a chunk', () => {
  it('finds records by all their terms, within a collection, and from a record on', () => {
    const entry = (nsid: string, rkey: string, text: string) => ({
      nsid,
      rkey,
      text,
      digest: encode({}).slice(0, 1),
      place: { segment: 1, offset: 2, length: 3 },
    })
    const entries = [
      entry('a.b.c', '2', 'red fox'),
      entry('a.b.c', '1', 'fox'),
      entry('a.b.d', '9', 'a red red fox'),
    ]
    const chunk = openChunk({
      text: entries.map((it) => it.text).join('\x1e'),
      starts: Uint32Array.from([0, 8, 12]),
      rkeys: '2\n1\n9',
      runs: [
        { nsid: 'a.b.c', first: 0 },
        { nsid: 'a.b.d', first: 2 },
      ],
      digests: new Uint8Array(96),
      places: new Uint32Array(9),
    })
    expect(chunk.next(['fox'], 0, undefined)).toBe(0)
    expect(chunk.next(['fox'], 1, undefined)).toBe(1)
    expect(chunk.next(['fox', 'red'], 1, undefined)).toBe(2)
    expect(chunk.next(['fox'], 0, 'a.b.d')).toBe(2)
    expect(chunk.next(['fox', 'red'], 1, 'a.b.c')).toBe(-1)
    expect(chunk.next(['fox'], 0, 'x.y.z')).toBe(-1)
    expect(chunk.next(['xfox'], 0, undefined)).toBe(-1)
    expect(chunk.standing(2)).toEqual({ nsid: 'a.b.d', rkey: '9' })
  })
})
