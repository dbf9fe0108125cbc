import { describe, expect, it } from 'vitest'
import { put } from '../../storage/space/testing/kit.ts'
import { LIVED_FOR } from '../store/eviction.ts'
import { bring, idOf, keepFor, withKeeper } from './testing/keeper-kit.ts'
import { foundGroup, roleAct, testDevice } from './testing/member-kit.ts'

const ben = testDevice('ben')

describe('spaces that nobody asks for', () => {
  it('make room for others after 30 days, the longest unasked first', () =>
    withKeeper(async ({ open, storage, time, lines }) => {
      const { keeper, store } = await open({ bytes: 180_000 })
      const groups = []
      for (const name of ['a', 'b', 'c']) {
        const group = await foundGroup(await storage(), name)
        await group.write([put(1, 1, 40_000)])
        groups.push(group)
      }
      const [a, b, c] = groups
      if (a === undefined || b === undefined || c === undefined) throw new Error('three')
      await keepFor(keeper, a)
      await bring(keeper, a)
      time.now += 1000
      await keepFor(keeper, b)
      await bring(keeper, b)
      await keepFor(keeper, c)
      await expect(bring(keeper, c)).rejects.toMatchObject({ code: 'store.full' })
      time.now += LIVED_FOR
      // Asked for again: whoever proves to be a member does.
      expect(keeper.find(c.log.space)?.mayRead(c.device.id)).toBe(true)
      await keeper.idle()
      time.now += 1
      expect(await bring(keeper, c)).toBe(true)
      expect([a, b, c].map((it) => keeper.find(it.log.space) === undefined)).toEqual([true, false, false])
      await keeper.idle()
      const left = await store.storage.keys('space-records')
      expect(left.filter((key) => key.includes(a.log.space))).toEqual([])
      expect(await store.storage.keys('spaces')).toEqual([b, c].map((it) => it.log.space).sort())
      const evicted = lines.filter((it) => it.includes('space.evicted'))
      expect(evicted).toHaveLength(1)
      expect(evicted.join('')).not.toContain('did:key')
      // It is taken in again by the next who asks.
      expect(await keepFor(keeper, a)).toBe('kept')
    }))

  it('make place for others: so many in all, and of one peer', () =>
    withKeeper(async ({ open, storage, time }) => {
      const { keeper } = await open({ limits: { spaces: 2, spacesPerPeer: 1 } })
      const groups = []
      for (const name of ['a', 'b', 'c']) groups.push(await foundGroup(await storage(), name))
      const [a, b, c] = groups
      if (a === undefined || b === undefined || c === undefined) throw new Error('three')
      expect(await keepFor(keeper, a, { peer: 'one' })).toBe('kept')
      expect(await keepFor(keeper, b, { peer: 'one' })).toBe('full')
      expect(await keepFor(keeper, b, { peer: 'two' })).toBe('kept')
      expect(await keepFor(keeper, c, { peer: 'three' })).toBe('full')
      time.now += LIVED_FOR + 1
      expect(await keepFor(keeper, c, { peer: 'three' })).toBe('kept')
      expect(keeper.usage().spaces).toBe(2)
      expect(keeper.find(a.log.space)).toBeUndefined()
    }))
})

describe('a space that is given up', () => {
  it('goes with everything, for an admin and nobody else', () =>
    withKeeper(async ({ open, storage }) => {
      const { keeper, store } = await open()
      const group = await foundGroup(await storage(), 'a')
      await group.act(roleAct(ben.id, 'writer'))
      await group.write([put(1, 1)])
      await keepFor(keeper, group)
      await bring(keeper, group)
      const { space } = group.log
      const bytes = new Uint8Array(1000).fill(3)
      await keeper.find(space)?.chunks.put(idOf(bytes), bytes)
      const dropped: string[] = []
      keeper.onDropped((it) => dropped.push(it))
      await expect(keeper.forget(space, ben.id)).rejects.toMatchObject({ code: 'store.not-admitted' })
      await keeper.forget(space, group.device.id)
      await keeper.idle()
      expect(dropped).toEqual([space])
      expect(keeper.find(space)).toBeUndefined()
      expect(store.usedBy(space)).toBe(0)
      for (const table of ['spaces', 'space-log', 'space-repos', 'space-records', 'space-files'] as const)
        expect(await store.storage.keys(table)).toEqual([])
      expect(await store.storage.byteKeys({ from: 'space-chunk/', to: 'space-chunk0' })).toEqual([])
      await expect(keeper.forget(space, group.device.id)).rejects.toMatchObject({ code: 'store.not-kept' })
    }))

  it('waits for who is at work on a repo, and is out of sight meanwhile', () =>
    withKeeper(async ({ open, storage }) => {
      const { keeper, store } = await open()
      const group = await foundGroup(await storage(), 'a')
      await group.write([put(1, 1)])
      await keepFor(keeper, group)
      await bring(keeper, group)
      const { space, root } = group.log
      const { promise, resolve } = Promise.withResolvers<void>()
      const working = store.storage.lock(`space/${group.repo}`, { mode: 'shared' }, () => promise)
      await keeper.forget(space, group.device.id)
      expect(keeper.find(space)).toBeUndefined()
      const ask = { peer: 'p', key: group.device.id, space, root, token: undefined }
      expect(await keeper.keep(ask)).toBe('full')
      resolve()
      await working
      await keeper.idle()
      expect(store.usedBy(space)).toBe(0)
      expect(await keepFor(keeper, group)).toBe('kept')
    }))
})
