import { encode } from '@atcute/cbor'
import { describe, expect, it } from 'vitest'
import { toHex } from '../core/bytes.ts'
import { joinBytes } from '../repo/testing/car.ts'
import { editRepo } from '../repo/testing/edit.ts'
import { generateRepo } from '../repo/testing/generate.ts'
import { legalCars } from '../repo/testing/hostile.ts'
import { createPrng } from '../repo/testing/prng.ts'
import type { BlockOrder, TestRepo } from '../repo/testing/repo.ts'
import { discardImport } from './import-row.ts'
import type { Storage } from './port.ts'
import { settleHead } from './settle.ts'
import { contentOf, contentOfRepo, framesOf, headOf, liveBytes, recheckOf } from './testing/contents.ts'
import { begin, end, importCar, sha256, withLevel } from './testing/node-host.ts'

const repeats = (digests: readonly string[]) => digests.length - new Set(digests).size

/** Everything but the rows that say where a disk stands: what must be gone when nothing is kept. */
async function leftovers(storage: Storage, did: string): Promise<unknown[]> {
  return [
    await storage.get('imports', did),
    await storage.count('segments'),
    await storage.count('snapshots'),
    await storage.get('repos', did),
    await storage.byteKeys(),
  ]
}
const NOTHING = [undefined, 0, 0, undefined, []]

function pieces(car: Uint8Array, count: number): Uint8Array[] {
  const size = Math.ceil(car.length / count)
  return Array.from({ length: count }, (_, i) => car.subarray(i * size, (i + 1) * size))
}

/** More than a megabyte of tree nodes: some of its segments are written while it comes. */
const large = generateRepo({ seed: 'resume/large', records: 14_000 })

describe('an import that was cut off', () => {
  it.each(['preorder', 'reversed', 'shuffled', 'revision'] as const)(
    'goes on where it was, in %s order',
    async (order) => {
      const repo = generateRepo({ seed: 'resume', records: 500 })
      const chunks = pieces(joinBytes(repo.car(order)), 40)
      const prng = createPrng(`resume/${order}`)
      await withLevel(async (storage) => {
        let stored = 0
        for (let cut = 1 + prng.int(8); cut < chunks.length; cut += 1 + prng.int(14)) {
          const session = await begin(storage, repo.did, { didKey: repo.didKey })
          expect(session.resumed).toBe(stored > 0)
          for (const chunk of chunks.slice(0, cut)) await session.write(chunk)
          await session.suspend()
          const { bytes, records, nodes } = await framesOf(storage, repo.did)
          expect(bytes).toBeGreaterThanOrEqual(stored)
          expect([repeats(records), repeats(nodes)]).toEqual([0, 0])
          expect(await headOf(storage, repo.did)).toBeUndefined()
          stored = bytes
        }
        const session = await begin(storage, repo.did, { didKey: repo.didKey })
        for (const chunk of chunks) await session.write(chunk)
        expect(session.progress.bytes).toBe(chunks.reduce((sum, it) => sum + it.length, 0))
        const snapshot = await end(session)
        expect(await contentOf(storage, snapshot)).toEqual(contentOfRepo(repo))
        expect(await recheckOf(storage, snapshot)).toBe(500)
        const { records, nodes } = await framesOf(storage, repo.did)
        expect([repeats(records), repeats(nodes)]).toEqual([0, 0])
        expect(await storage.get('imports', repo.did)).toBeUndefined()
      })
    },
  )

  it.each(['preorder', 'revision'] as const)(
    'is whole again after it died with segments half out, in %s order',
    async (order) => {
      const chunks = [...large.car(order)]
      await withLevel(async (storage) => {
        for (const part of [0.8, 0.95]) {
          const session = await begin(storage, large.did, { didKey: large.didKey })
          for (const chunk of chunks.slice(0, Math.floor(chunks.length * part))) await session.write(chunk)
          // What is in its buffers is lost, since nobody says suspend. What was handed to the disk lands first, and
          // then what waited for that.
          await storage.write([])
          await storage.write([])
        }
        const before = await framesOf(storage, large.did)
        expect(before.records.length).toBeGreaterThan(2000)
        if (order === 'preorder') expect(before.nodes.length).toBeGreaterThan(500)
        const snapshot = await importCar(storage, large.did, chunks, { didKey: large.didKey })
        expect(await recheckOf(storage, snapshot)).toBe(large.records.length)
        const after = await framesOf(storage, large.did)
        expect(repeats(after.records)).toBe(0)
      })
    },
  )

  it.each(legalCars().map((it) => [it.name, it] as const))(
    'takes odd repositories: %s',
    async (_name, legal) => {
      const chunks = pieces(legal.car, 7)
      await withLevel(async (storage) => {
        for (const cut of [2, 6]) {
          const session = await begin(storage, legal.did, { didKey: legal.didKey })
          for (const chunk of chunks.slice(0, cut)) await session.write(chunk)
          await session.suspend()
        }
        const snapshot = await importCar(storage, legal.did, chunks, { didKey: legal.didKey })
        const wanted = new Map(legal.records.map((it) => [it.path, toHex(it.bytes)]))
        expect(await contentOf(storage, snapshot)).toEqual(wanted)
        expect(await recheckOf(storage, snapshot)).toBe(wanted.size)
        // And once more, over what is kept.
        const again = await importCar(storage, legal.did, chunks, { didKey: legal.didKey, base: snapshot })
        expect(again.root).toEqual(snapshot.root)
      })
    },
  )

  it('goes on with a newer commit', async () => {
    const repo = generateRepo({ seed: 'resume/newer', records: 300 })
    const next = editRepo(repo, { create: 10, update: 10, delete: 10 })
    await withLevel(async (storage) => {
      const session = await begin(storage, repo.did, { didKey: repo.didKey })
      for (const chunk of pieces(joinBytes(repo.car()), 10).slice(0, 9)) await session.write(chunk)
      await session.suspend()
      const snapshot = await importCar(storage, next.did, next.car(), { didKey: next.didKey })
      expect(await contentOf(storage, snapshot)).toEqual(contentOfRepo(next))
      expect(await recheckOf(storage, snapshot)).toBe(next.records.length)
      expect(repeats((await framesOf(storage, repo.did)).records)).toBe(0)
    })
  })

  it.each(['gone', 'short', 'changed'] as const)(
    'takes again what of it is %s, and leaves nothing for the next start to stumble over',
    async (how) => {
      const repo = generateRepo({ seed: 'resume/lost', records: 300 })
      await withLevel(async (storage) => {
        const cut = await begin(storage, repo.did, { didKey: repo.didKey })
        const chunks = pieces(joinBytes(repo.car()), 10)
        for (const chunk of chunks.slice(0, 9)) await cut.write(chunk)
        await cut.suspend()
        for (const key of await storage.byteKeys({ from: 'seg/', to: 'seg0' })) {
          const bytes = await storage.readBytes(key)
          if (how === 'changed') bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
          await storage.write([
            how === 'gone'
              ? { type: 'delete-bytes', key }
              : { type: 'put-bytes', key, parts: [how === 'short' ? bytes.subarray(0, -3) : bytes] },
          ])
        }
        const session = await begin(storage, repo.did, { didKey: repo.didKey })
        for (const chunk of chunks) await session.write(chunk)
        const head = await end(session)
        expect(await recheckOf(storage, head)).toBe(300)
        expect(await settleHead(storage, repo.did, sha256)).toBeUndefined()
        expect(await headOf(storage, repo.did)).toEqual({ ...head, settled: true })
      })
    },
  )

  it('starts over within its session and writes nothing twice', async () => {
    const repo = generateRepo({ seed: 'resume/restart', records: 400 })
    await withLevel(async (storage) => {
      const session = await begin(storage, repo.did, { didKey: repo.didKey })
      for (const part of [0.5, 1, 0.9]) {
        const car = joinBytes(repo.car('preorder'))
        await session.write(car.subarray(0, car.length * part))
        session.restart()
        expect(session.progress).toMatchObject({ bytes: 0, proven: 0 })
      }
      for (const chunk of repo.car('shuffled')) await session.write(chunk)
      const snapshot = await end(session)
      expect(await recheckOf(storage, snapshot)).toBe(400)
      const { records, nodes } = await framesOf(storage, repo.did)
      expect([repeats(records), repeats(nodes)]).toEqual([0, 0])
    })
  })
})

describe('an import', () => {
  it.each(['preorder', 'reversed', 'shuffled', 'revision'] satisfies BlockOrder[])(
    'spills nodes and clears up, in %s order',
    async (order) => {
      await withLevel(async (storage) => {
        const session = await begin(storage, large.did, { didKey: large.didKey, nodeBudget: 1 })
        let spilled = 0
        for (const chunk of large.car(order)) {
          await session.write(chunk)
          spilled = Math.max(spilled, (await storage.byteKeys({ from: 'spill/', to: 'spill0' })).length)
        }
        if (order !== 'preorder') expect(spilled).toBeGreaterThan(0)
        const snapshot = await end(session)
        expect(snapshot.root.records).toBe(large.records.length)
        expect(await storage.byteKeys({ from: 'spill/', to: 'spill0' })).toEqual([])
        if (order === 'shuffled') expect(await recheckOf(storage, snapshot)).toBe(large.records.length)
      })
    },
  )

  it('keeps records in the shape of tree nodes that were spilled', async () => {
    const shaped = Array.from({ length: 1400 }, (_, i) => ({
      path: `com.example.odd/k${i}`,
      bytes: encode({ e: `${i} ${'石'.repeat(600)}`, l: i }).slice(),
    }))
    const repo = editRepo(generateRepo({ seed: 'resume/shaped', records: 5 }), { create: shaped })
    for (const order of ['reversed', 'shuffled'] as const) {
      await withLevel(async (storage) => {
        const snapshot = await importCar(storage, repo.did, repo.car(order), {
          didKey: repo.didKey,
          nodeBudget: 1,
        })
        expect(await recheckOf(storage, snapshot)).toBe(1405)
      })
    }
  })

  it('over a base writes only what is new', async () => {
    const repo = generateRepo({ seed: 'resume/base', records: 600 })
    const next = editRepo(repo, { create: 3, update: 3, delete: 3 })
    await withLevel(async (storage) => {
      const base = await importCar(storage, repo.did, repo.car(), { didKey: repo.didKey })
      const before = await framesOf(storage, repo.did)
      const snapshot = await importCar(storage, next.did, next.car(), { didKey: next.didKey, base })
      const after = await framesOf(storage, repo.did)
      expect(await contentOf(storage, snapshot)).toEqual(contentOfRepo(next))
      expect([repeats(after.records), repeats(after.nodes)]).toEqual([0, 0])
      const fresh = liveBytes([repo, next]) - liveBytes([repo])
      // Beside the blocks: the commit, and the places of what the new nodes point to.
      expect(after.bytes - before.bytes).toBeLessThan(fresh * 1.4 + 400)
    })
  })
})

describe('a discarded import', () => {
  const repo: TestRepo = generateRepo({ seed: 'resume/discard', records: 300 })

  it('leaves nothing', async () => {
    await withLevel(async (storage) => {
      const session = await begin(storage, repo.did, { didKey: repo.didKey })
      for (const chunk of repo.car()) await session.write(chunk)
      await session.suspend()
      expect(await storage.count('segments')).toBeGreaterThan(0)
      await session.discard()
      expect(await leftovers(storage, repo.did)).toEqual(NOTHING)
    })
  })

  it('leaves nothing of spilled nodes either, and no more can be spilled', async () => {
    await withLevel(async (storage) => {
      const session = await begin(storage, large.did, { didKey: large.didKey, nodeBudget: 1 })
      const chunks = [...large.car('reversed')]
      for (const chunk of chunks.slice(0, -4)) await session.write(chunk)
      expect(await storage.byteKeys({ from: 'spill/', to: 'spill0' })).not.toEqual([])
      await discardImport(storage, large.did)
      const more = async () => {
        for (const chunk of chunks.slice(-4)) await session.write(chunk)
        await end(session)
      }
      await expect(more()).rejects.toMatchObject({
        code: expect.stringMatching(/storage\.(conflict|segment-gone)/) as string,
      })
      await session.discard()
      expect(await leftovers(storage, large.did)).toEqual(NOTHING)
    })
  })

  it('stops the session that was writing it', async () => {
    await withLevel(async (storage) => {
      const session = await begin(storage, repo.did, { didKey: repo.didKey })
      for (const chunk of pieces(joinBytes(repo.car()), 4).slice(0, 2)) await session.write(chunk)
      await discardImport(storage, repo.did)
      const rest = async () => {
        for (const chunk of pieces(joinBytes(repo.car()), 4).slice(2)) await session.write(chunk)
        await end(session)
      }
      await expect(rest()).rejects.toMatchObject({ code: 'storage.conflict' })
      expect(await leftovers(storage, repo.did)).toEqual(NOTHING)
    })
  })

  it('leaves nothing of a segment that lands while it is looked through', async () => {
    await withLevel(async (storage) => {
      const session = await begin(storage, repo.did, { didKey: repo.didKey })
      for (const chunk of repo.car()) await session.write(chunk)
      let late = true
      const racing: Storage = {
        ...storage,
        async list(table, range) {
          const found = await storage.list(table, range)
          if (late && table === 'segments') {
            late = false
            await session.suspend()
          }
          return found
        },
      }
      await discardImport(racing, repo.did)
      expect(late).toBe(false)
      expect(await leftovers(storage, repo.did)).toEqual(NOTHING)
    })
  })
})
