import { describe, expect, it } from 'vitest'
import { createFaulty } from '../testing/faulty.ts'
import { withLevel } from '../testing/node-host.ts'
import { dropSpaceOps } from './forget.ts'
import { commitOf, contentOf, put, remove, SPACE, testDevice, testStore } from './testing/kit.ts'

const device = testDevice(21)
const { repo } = device

const asideOf = async (store: Awaited<ReturnType<typeof testStore>>): Promise<string[]> =>
  (await store.aside.page(repo, null)).records.map(({ path }) => path)

describe('what an author wrote', () => {
  it('moves aside with its head, and no list shows it', () =>
    withLevel(async (storage) => {
      const store = await testStore(storage)
      await commitOf(store, device, [put(1, 1), put(2, 2)])
      const head = (await store.head(repo)) ?? expect.fail()
      const content = await contentOf(store, repo)
      expect(await store.aside.has(repo)).toBe(false)
      expect(await store.aside.set(repo, 'another')).toBe(false)
      expect(await store.head(repo)).toEqual(head)
      expect(await store.aside.set(repo, head.cid)).toBe(true)
      expect(await store.head(repo)).toBeUndefined()
      expect(await store.heads(`${SPACE}/`, { limit: 10 })).toEqual([])
      const { records } = await store.aside.page(repo, null)
      expect(Object.fromEntries(records.map(({ path, cid }) => [path, cid]))).toEqual(content)
      expect(records.every(({ bytes }) => bytes !== undefined)).toBe(true)
      // What lies there already is newer than what comes after it.
      await commitOf(store, device, [put(2, 9), put(3, 3)])
      await store.aside.set(repo, (await store.head(repo))?.cid ?? '')
      const after = (await store.aside.page(repo, null)).records
      expect(after.map(({ path }) => path.slice(-1))).toEqual(['1', '2', '3'])
      expect(after[1]?.cid).toBe(records[1]?.cid)
      await store.aside.drop(repo)
      expect(await store.aside.has(repo)).toBe(false)
      expect(await storage.list('space-records')).toEqual([])
      expect(await storage.list('space-repos')).toEqual([])
    }))

  it('is whole there or still in its place, wherever a crash cuts it off', () =>
    withLevel(async (storage) => {
      for (let at = 1; at < 5; at++) {
        const setUp = await testStore(storage)
        await setUp.drop(repo)
        await setUp.aside.drop(repo)
        await commitOf(setUp, device, [put(1, 1), put(2, 2)])
        const head = (await setUp.head(repo)) ?? expect.fail()
        const mortal = await testStore(createFaulty(storage, at, at % 2 === 0 ? 'after' : 'before'))
        const failed = await mortal.aside.set(repo, head.cid).then(
          () => false,
          () => true,
        )
        const store = await testStore(storage)
        const isAside = await store.aside.has(repo)
        expect((await store.head(repo)) === undefined).toBe(isAside)
        if (!failed) expect(isAside).toBe(true)
        // The repo went on: what was copied in part is not taken for what lies aside.
        if (!isAside) {
          await commitOf(store, device, [remove(1), put(2, 5)])
          await store.aside.set(repo, (await store.head(repo))?.cid ?? '')
          expect((await asideOf(store)).map((it) => it.slice(-1))).toEqual(['2'])
        }
      }
    }))
})

describe('a repo', () => {
  it('is dropped only at the head that was meant', () =>
    withLevel(async (storage) => {
      const store = await testStore(storage)
      await commitOf(store, device, [put(1, 1)])
      const head = await store.head(repo)
      await commitOf(store, device, [put(2, 2)])
      expect(await store.drop(repo, head?.cid)).toBe(false)
      expect(await store.changed(repo, head?.rev)).toHaveLength(1)
      expect(await store.changed(repo, undefined)).toHaveLength(2)
      expect(await store.drop(repo, (await store.head(repo))?.cid)).toBe(true)
      expect(await store.head(repo)).toBeUndefined()
    }))

  it('goes with its space, and no other does', () =>
    withLevel(async (storage) => {
      const store = await testStore(storage)
      const other = testDevice(22)
      await commitOf(store, device, [put(1, 1)])
      await commitOf(store, other, [put(1, 1)])
      await store.aside.set(repo, (await store.head(repo))?.cid ?? '')
      const longer = `${SPACE}2`
      await storage.write(dropSpaceOps(longer))
      expect(await store.head(other.repo)).toBeDefined()
      await storage.write(dropSpaceOps(SPACE))
      expect(await storage.list('space-records')).toEqual([])
      expect(await storage.list('space-repos')).toEqual([])
    }))
})
