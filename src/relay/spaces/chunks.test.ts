import { describe, expect, it } from 'vitest'
import { LIVED_FOR } from '../store/eviction.ts'
import { MAX_CHUNK_BYTES } from '../../sync/spaces/chunk-protocol.ts'
import { idOf, keepFor, withKeeper } from './testing/keeper-kit.ts'
import { foundGroup } from './testing/member-kit.ts'

const chunk = (fill: number, size = 10_000): Uint8Array<ArrayBuffer> => new Uint8Array(size).fill(fill)

describe('sealed chunks', () => {
  it('are kept by what they are, counted, and there after a restart', () =>
    withKeeper(async ({ open, storage }) => {
      const { keeper, store } = await open()
      const group = await foundGroup(await storage(), 'a')
      await keepFor(keeper, group)
      const { space } = group.log
      const chunks = keeper.find(space)?.chunks
      const [one, two] = [chunk(1), chunk(2)]
      const before = store.usedBy(space)
      await chunks?.put(idOf(one), one)
      await chunks?.put(idOf(one), one)
      expect(store.usedBy(space) - before).toBeGreaterThanOrEqual(one.length)
      expect(store.usedBy(space) - before).toBeLessThan(one.length + 1000)
      expect(await chunks?.has([idOf(one), idOf(two), 'no id'])).toEqual([true, false, false])
      const again = await open()
      expect(again.store.usedBy(space)).toBe(store.usedBy(space))
      expect(await again.keeper.find(space)?.chunks.get(idOf(one))).toEqual(one)
      expect(await again.keeper.find(space)?.chunks.get(idOf(two))).toBeUndefined()
      expect(await again.keeper.find(space)?.chunks.get('../x')).toBeUndefined()
    }))

  it('are refused under another name, and when they are too large', () =>
    withKeeper(async ({ open, storage }) => {
      const { keeper } = await open()
      const group = await foundGroup(await storage(), 'a')
      await keepFor(keeper, group)
      const chunks = keeper.find(group.log.space)?.chunks
      const large = chunk(1, MAX_CHUNK_BYTES + 1)
      await expect(chunks?.put(idOf(chunk(2)), chunk(1))).rejects.toMatchObject({ code: 'store.unproven' })
      await expect(chunks?.put(idOf(large), large)).rejects.toMatchObject({ code: 'store.limit' })
      expect(await chunks?.has([idOf(chunk(2)), idOf(large)])).toEqual([false, false])
    }))

  it('of nobody’s asking make room in a full space, those of others do not', () =>
    withKeeper(async ({ open, storage, time }) => {
      const { keeper, store } = await open({ limits: { bytesPerSpace: 32_000 } })
      const group = await foundGroup(await storage(), 'a')
      await keepFor(keeper, group)
      const { space } = group.log
      const chunks = keeper.find(space)?.chunks
      if (chunks === undefined) throw new Error('not kept')
      for (const fill of [1, 2]) await chunks.put(idOf(chunk(fill)), chunk(fill))
      const next = chunk(3, 15_000)
      await expect(chunks.put(idOf(next), next)).rejects.toMatchObject({ code: 'store.quota' })
      time.now += LIVED_FOR - 1000
      // Some device still has it among its files.
      expect(await chunks.has([idOf(chunk(1))])).toEqual([true])
      time.now += 2000
      await chunks.put(idOf(next), next)
      expect(await chunks.has([1, 2].map((fill) => idOf(chunk(fill))))).toEqual([true, false])
      expect(await chunks.get(idOf(next))).toEqual(next)
      expect(store.usedBy(space)).toBeLessThanOrEqual(32_000)
    }))
})
