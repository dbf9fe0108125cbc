import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { openChunks } from './chunk-client.ts'
import { MAX_CHUNK_BYTES } from './chunk-protocol.ts'
import { areSame, eventually, type Member, withSpaceWorld } from './testing/nodes.ts'
import { testHost } from './testing/space-world.ts'

const prng = createPrng('chunks')
const chunkOf = (size: number): { id: string; bytes: Uint8Array<ArrayBuffer> } => {
  const bytes = new Uint8Array(prng.bytes(size))
  return { id: toHex(sha256(bytes)), bytes }
}
const never = new AbortController().signal
const isReady = (it: Member, peers: number): boolean =>
  it.sync.peers(it.replica.space).filter(({ answeredAt }) => answeredAt !== undefined).length >= peers

describe('chunks', () => {
  it('are handed to a store, those that lack alone, and fetched from it by who never met the first', () =>
    withSpaceWorld(async ({ world, space, member, store }) => {
      const kept = await store('store')
      const a = await member('a', space.owner)
      const bob = space.device('bob')
      await space.role(a.replica.log, bob, 'writer')
      await eventually(() => isReady(a, 1), 'a knows the store')
      const there = kept.replicas.get(space.space) ?? expect.fail()
      const all = [MAX_CHUNK_BYTES, 1, 1000, 70_000, 500_000].map(chunkOf)
      for (const { id, bytes } of all) a.replica.chunkRows.set(id, bytes)
      const [first] = all
      if (first === undefined) expect.fail()
      there.chunkRows.set(first.id, first.bytes)
      const ids = all.map(({ id }) => id)
      await a.sync.pushChunks(space.space, ids, never)
      expect([...there.chunkRows.keys()].sort()).toEqual([...ids].sort())

      world.network.cut('a')
      const b = await member('b', bob)
      await eventually(() => isReady(b, 1), 'b knows the store')
      await Promise.all(ids.map((id) => b.sync.fetchChunk(space.space, id, never)))
      for (const { id, bytes } of all) expect(b.replica.chunkRows.get(id)).toEqual(bytes)
      // Nothing is asked for what is here.
      world.network.cut('store')
      await b.sync.fetchChunk(space.space, ids[0] ?? '', never)
    }))

  it('come from the next one when the first has other bytes, and whoever lied is named', () =>
    withSpaceWorld(async ({ space, member }) => {
      const a = await member('a', space.owner)
      const people = ['bob', 'cleo'].map((name) => space.device(name))
      for (const it of people) await space.role(a.replica.log, it, 'writer')
      const [bob, cleo] = people
      if (bob === undefined || cleo === undefined) expect.fail()
      const [b, c] = [await member('b', bob), await member('c', cleo)]
      await eventually(() => isReady(c, 2) && isReady(b, 2), 'met')
      const chunk = chunkOf(5000)
      a.replica.chunkRows.set(chunk.id, chunk.bytes)
      b.replica.chunkRows.set(chunk.id, chunk.bytes.toReversed())
      await c.sync.fetchChunk(space.space, chunk.id, never)
      expect(c.replica.chunkRows.get(chunk.id)).toEqual(chunk.bytes)
      // Which of them is asked first is nobody's promise.
      a.replica.chunkRows.clear()
      c.replica.chunkRows.clear()
      await expect(c.sync.fetchChunk(space.space, chunk.id, never)).rejects.toMatchObject({
        code: 'space-sync.no-chunk',
        fields: { asked: 2 },
      })
      expect(c.replica.faults.at(-1)).toMatchObject({ code: 'space-sync.bad-chunk', peer: 'b' })
      expect(c.replica.chunkRows.size).toBe(0)
      const stopped = AbortSignal.abort()
      await expect(c.sync.fetchChunk(space.space, chunk.id, stopped)).rejects.toMatchObject({
        code: 'net.cancelled',
      })
      await expect(c.sync.pushChunks(space.space, [chunk.id], never)).rejects.toMatchObject({
        code: 'space-sync.no-store',
      })
    }))

  it('come from whoever comes within reach while they are asked for', () =>
    withSpaceWorld(async ({ space, member }) => {
      const a = await member('a', space.owner)
      const bob = space.device('bob')
      await space.role(a.replica.log, bob, 'writer')
      const chunk = chunkOf(5000)
      a.replica.chunkRows.set(chunk.id, chunk.bytes)
      const b = await member('b', bob)
      expect(b.sync.peers(space.space)).toEqual([])
      await b.sync.fetchChunk(space.space, chunk.id, never)
      expect(b.replica.chunkRows.get(chunk.id)).toEqual(chunk.bytes)
    }))

  it('are for those who proved that they may read, and a store keeps none of another name', () =>
    withSpaceWorld(async ({ world, space, member, store }) => {
      const kept = await store('store')
      const a = await member('a', space.owner)
      await eventually(() => isReady(a, 1), 'a knows the store')
      const chunk = chunkOf(100)
      a.replica.chunkRows.set(chunk.id, chunk.bytes)
      await a.sync.pushChunks(space.space, [chunk.id], never)
      const there = kept.replicas.get(space.space) ?? expect.fail()
      const options = { ...testHost, signal: never }
      const eve = await openChunks(world.network.node('eve'), 'store', space.space, options)
      for (const run of [
        () => eve.get(chunk.id),
        () => eve.has([chunk.id]),
        () => eve.put(chunk.id, chunk.bytes),
      ])
        await expect(run()).rejects.toMatchObject({
          code: 'space-sync.refused',
          fields: { reason: 'not-kept' },
        })
      eve.close()
      const mine = await openChunks(a.net, 'store', space.space, options)
      const other = chunkOf(100)
      await expect(mine.put(chunk.id, other.bytes)).rejects.toMatchObject({ fields: { reason: 'bad-chunk' } })
      // The stream goes on.
      expect(await mine.has([other.id, chunk.id])).toEqual([false, true])
      expect(await mine.get(other.id)).toBeUndefined()
      expect(await mine.get(chunk.id)).toEqual(chunk.bytes)
      mine.close()
      expect(there.chunkRows.size).toBe(1)
    }))
})

describe('words', () => {
  it('reach those who are there, from whom they are, and nobody else', () =>
    withSpaceWorld(async ({ world, space, member }) => {
      const a = await member('a', space.owner)
      const bob = space.device('bob')
      await space.role(a.replica.log, bob, 'reader')
      const b = await member('b', bob)
      await eventually(() => areSame([a.replica, b.replica]), 'met')
      const heard: string[] = []
      b.sync.words.onWord((it, word, { peer, key }) =>
        heard.push(`${it === space.space} ${word} ${peer} ${key}`),
      )
      const atA: string[] = []
      a.sync.words.onWord((_, word, { key }) => atA.push(`${word} ${key}`))
      await eventually(() => {
        a.sync.words.say(space.space, 'here')
        return heard.length > 0
      }, 'a is heard')
      expect(heard[0]).toBe(`true here a ${space.owner.id}`)
      await eventually(() => {
        b.sync.words.say(space.space, 'me too')
        return atA.length > 0
      }, 'b is heard')
      expect(atA[0]).toBe(`me too ${bob.id}`)
      expect(() => a.sync.words.say(space.space, 'x'.repeat(70_000))).toThrow('events.too-large')

      // Too much of it is not heard, and what comes later is.
      heard.length = 0
      for (let i = 0; i < 2000; i++) a.sync.words.say(space.space, `flood ${i}`)
      await eventually(() => {
        a.sync.words.say(space.space, 'last')
        return heard.some((it) => it.includes(' last '))
      }, 'heard again')
      expect(heard.filter((it) => it.includes('flood')).length).toBeLessThan(1000)

      await space.role(a.replica.log, bob, 'none')
      await eventually(() => !a.sync.access.mayRead('b', space.space), 'out')
      await eventually(() => a.sync.peers(space.space).some((it) => it.error !== undefined), 'a knows')
      heard.length = 0
      atA.length = 0
      a.sync.words.say(space.space, 'secret')
      b.sync.words.say(space.space, 'still there')
      // Both directions of both lines are idle after a turn of asking.
      await b.sync.look(space.space)
      expect([...heard, ...atA]).toEqual([])
      world.network.cut('b')
    }))
})
