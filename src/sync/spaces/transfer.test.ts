import { describe, expect, it } from 'vitest'
import { contentOf, put } from '../../storage/space/testing/kit.ts'
import { areSame, eventually, type Member, withSpaceWorld } from './testing/nodes.ts'

/** Some 4 MB: it comes in pages. */
const big = (from: number) => Array.from({ length: 80 }, (_, i) => put(from + i, i, 50_000))

/** Runs once after the first page of a repo was taken in. */
function afterFirstPage(member: Member, run: () => Promise<void>): { pages: number } {
  const count = { pages: 0 }
  const { page } = member.replica.repos.take
  Object.assign(member.replica.repos.take, {
    page: async (...args: Parameters<typeof page>) => {
      const staged = await page(...args)
      if (++count.pages === 1) await run()
      return staged
    },
  })
  return count
}

describe('a long transfer', () => {
  it('goes on where it broke off', () =>
    withSpaceWorld(async ({ world, space, member }) => {
      const a = await member('a', space.owner)
      const bob = space.device('bob')
      await space.role(a.replica.log, bob, 'reader')
      await a.replica.write(big(0))
      a.sync.changed(space.space)
      const b = await member('b', bob)
      const count = afterFirstPage(b, async () => {
        world.network.cut('b')
        world.network.mend('b')
      })
      await eventually(() => areSame([a.replica, b.replica]), 'all of it')
      expect(count.pages).toBeGreaterThan(2)
      // No page but the one that was cut off came twice.
      expect(count.pages).toBeLessThan(8)
      expect(await contentOf(b.replica.repos, a.replica.repo)).toEqual(
        await contentOf(a.replica.repos, a.replica.repo),
      )
    }))

  it('to one who is removed meanwhile ends, and nothing of it is kept', () =>
    withSpaceWorld(async ({ space, member }) => {
      const a = await member('a', space.owner)
      const bob = space.device('bob')
      await space.role(a.replica.log, bob, 'reader')
      await a.replica.write(big(0))
      a.sync.changed(space.space)
      const b = await member('b', bob)
      let staged = 0
      afterFirstPage(b, async () => {
        staged = (await b.replica.repos.take.get(a.replica.repo))?.records ?? 0
        await space.role(a.replica.log, bob, 'none')
      })
      await eventually(() => b.sync.peers(space.space).some((it) => it.error !== undefined), 'refused')
      expect(staged).toBeGreaterThan(0)
      expect(await b.replica.repos.head(a.replica.repo)).toBeUndefined()
      expect(a.sync.access.mayRead('b', space.space)).toBe(false)
      // What came from one peer alone proves nothing without the end.
      expect(await b.replica.repos.take.get(a.replica.repo)).toBeUndefined()
    }))

  it('and short ones, of five who all write, end everywhere, and each knows that it is so', () =>
    withSpaceWorld(async ({ space, member, store }) => {
      const kept = await store('store')
      const a = await member('a', space.owner)
      const people = Array.from({ length: 12 }, (_, i) => space.device(`person ${i}`))
      for (const it of people) await space.role(a.replica.log, it, 'writer')
      const others: Member[] = []
      for (const [i, it] of people.slice(0, 4).entries()) others.push(await member(`p${i}`, it))
      await eventually(() => areSame([a, ...others].map((it) => it.replica)), 'met')
      for (const it of [a, ...others]) {
        await it.replica.write([put(1, 1), put(2, 2)])
        it.sync.changed(space.space)
      }
      const there = kept.replicas.get(space.space) ?? expect.fail()
      await eventually(() => areSame([...[a, ...others].map((it) => it.replica), there]), 'everywhere')
      for (const it of [a, ...others])
        await eventually(() => it.sync.peers(space.space).every(({ current }) => current), `${it.id} current`)
      for (const it of [a, ...others]) {
        const head = await it.replica.repos.head(it.replica.repo)
        expect(it.sync.sentRev(space.space)).toBe(head?.rev)
      }
    }))
})
