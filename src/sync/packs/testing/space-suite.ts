import { describe, expect, it } from 'vitest'
import type { Storage } from '../../../storage/port.ts'
import { commitOf, contentOf, put, remove, testDevice } from '../../../storage/space/testing/kit.ts'
import { takeSpace } from '../space-sync.ts'
import { answererOf, createReplica } from './space-kit.ts'

export type WithStorage = <T>(use: (storage: Storage) => Promise<T>) => Promise<T>

const device = testDevice(1)
const { repo } = device
const many = (from: number, to: number, value = 0) =>
  Array.from({ length: to - from }, (_, n) => put(from + n, from + n + value))

/** What every storage must do alike. */
export function spaceSuite(name: string, withStorage: WithStorage): void {
  describe(`space repos on ${name}`, () => {
    it('come in pages, follow by lists, and are compared when no list can be given', () =>
      withStorage((one) =>
        withStorage(async (two) => {
          const author = await createReplica(one, { name: 'author' })
          const reader = await createReplica(two)
          await commitOf(author.store, device, many(0, 300))

          // The whole repo is above what a list holds here.
          const from = answererOf(author)
          const big = await commitOf(author.store, device, [
            put('big', 1, 1_000_000),
            put('big2', 2, 200_000),
          ])
          expect(big.length).toBeGreaterThan(100)
          const first = await takeSpace(reader.taker, repo, from)
          expect(first.kind).toBe('moved')
          expect(from.log.at(-1)).toBe('active')
          expect(from.log.length).toBeGreaterThan(2)
          expect(await contentOf(reader.store, repo)).toEqual(await contentOf(author.store, repo))
          expect(await reader.store.head(repo)).toMatchObject({
            records: 302,
            merge: false,
            givers: ['author'],
          })

          await commitOf(author.store, device, [put(5, 999), remove(6), put(7777, 1)])
          from.log.length = 0
          expect((await takeSpace(reader.taker, repo, from)).kind).toBe('moved')
          expect(from.log).toEqual(['active'])
          expect((await takeSpace(reader.taker, repo, from)).kind).toBe('nothing')

          await commitOf(author.store, device, [...many(0, 40, 5000), remove(50), put(8888, 1)])
          from.log.length = 0
          expect((await takeSpace(reader.taker, repo, from, { compare: true })).kind).toBe('moved')
          expect(from.log).toContain('pages index')
          expect(from.log).toContain('pages wanted')
          expect(from.log).not.toContain('pages records')
          expect(await contentOf(reader.store, repo)).toEqual(await contentOf(author.store, repo))
          expect((await reader.store.recheck(repo))?.records).toBe(303)

          await reader.store.drop(repo)
          expect(await two.count('space-records')).toBe(0)
          expect(await two.count('space-repos')).toBe(0)
        }),
      ))
  })
}
