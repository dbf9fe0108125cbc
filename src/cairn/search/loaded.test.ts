import { describe, expect, it } from 'vitest'
import { editRepo } from '../../repo/testing/edit.ts'
import { generateRepo } from '../../repo/testing/generate.ts'
import type { Storage } from '../../storage/port.ts'
import { importCar, withLevel } from '../../storage/testing/node-host.ts'
import { indexRepo } from './index-repo.ts'
import { createIndexCache, type IndexCache } from './loaded.ts'
import { asIndexRow, type Built, indexKey } from './rows.ts'
import { scan } from './scan.ts'

/** A repo with three long records, 180,000 characters in all. */
async function make(storage: Storage, seed: string): Promise<{ did: string; built: Built }> {
  const create = [1, 2, 3].map((i) => ({
    path: `com.example.long/a${i}`,
    value: Object.fromEntries(
      Array.from({ length: 6 }, (_, j) => [
        `p${j}`,
        `${'lorem '.repeat(j === 0 ? 10_000 : 1)}${j === 0 ? `tail${i}` : ''}`,
      ]),
    ),
  }))
  const repo = editRepo(generateRepo({ seed, records: 1 }), { create })
  const snapshot = await importCar(storage, repo.did, repo.car('preorder'))
  await indexRepo({
    storage,
    did: repo.did,
    snapshot,
    signal: new AbortController().signal,
    onProgress: () => {},
  })
  const row = asIndexRow(await storage.get('search', indexKey(repo.did)))
  if (row?.current === undefined) throw new Error('no index')
  return { did: repo.did, built: row.current }
}

/** Reads of chunk rows that `work` makes. */
async function counting(
  storage: Storage,
  budget: number,
  work: (cache: IndexCache, reads: () => number) => Promise<void>,
): Promise<void> {
  let reads = 0
  const counted: Storage = {
    ...storage,
    getMany(table, keys) {
      if (keys.some((key) => key.includes('/b'))) reads++
      return storage.getMany(table, keys)
    },
  }
  await work(createIndexCache(counted, budget), () => reads)
}

const find = async (
  cache: IndexCache,
  { did, built }: { did: string; built: Built },
  term: string,
): Promise<number> => (await scan((await cache.open(did, built)).lanes, [term], undefined, 10)).length

describe('the cache of indexes', () => {
  it('reads a repo once, and again only after another took its room', async () => {
    await withLevel(async (storage) => {
      const [a, b] = [await make(storage, 'a'), await make(storage, 'b')]
      await counting(storage, 300_000, async (cache, reads) => {
        expect(await find(cache, a, 'tail1')).toBe(1)
        const first = reads()
        expect(first).toBeGreaterThan(0)
        expect(await find(cache, a, 'tail3')).toBe(1)
        expect(reads()).toBe(first)
        expect(await find(cache, b, 'tail2')).toBe(1)
        const second = reads()
        expect(second).toBeGreaterThan(first)
        expect(await find(cache, a, 'tail2')).toBe(1)
        expect(reads()).toBeGreaterThan(second)
      })
    })
  })

  it('finds all the same in a repo that is larger than its room', async () => {
    await withLevel(async (storage) => {
      const a = await make(storage, 'a')
      await counting(storage, 1000, async (cache) => {
        for (const term of ['tail1', 'tail2', 'tail3']) expect(await find(cache, a, term)).toBe(1)
        expect(await find(cache, a, 'lorem')).toBe(3)
      })
    })
  })
})
