import { describe, expect, it } from 'vitest'
import { contentOf, put } from '../../storage/space/testing/kit.ts'
import { RECHECK } from './serve-spaces.ts'
import { areSame, eventually, withSpaceWorld } from './testing/nodes.ts'
import { testHost } from './testing/space-world.ts'

describe('a store between members who never meet', () => {
  it('is asked to keep the space, is given all of it, and gives it on', () =>
    withSpaceWorld(async ({ world, space, member, store, stores }) => {
      const kept = await store('store')
      const a = await member('a', space.owner)
      const bob = space.device('bob')
      await space.role(a.replica.log, bob, 'writer')
      await a.replica.log.add({ cards: [await space.card(space.owner), await space.card(bob)] })
      await a.replica.write([put(1, 1), put(2, 2)])
      a.sync.changed(space.space)
      await eventually(() => kept.replicas.has(space.space), 'asked')
      const there = kept.replicas.get(space.space) ?? expect.fail()
      await eventually(() => areSame([a.replica, there]), 'at the store')
      expect(kept.asks).toMatchObject([{ peer: 'a', key: space.owner.id, root: space.root }])
      await eventually(() => a.sync.peers(space.space).every((it) => it.current), 'current')
      const first = (await a.replica.repos.head(a.replica.repo))?.rev
      expect(a.sync.sentRev(space.space)).toBe(first)
      // A small change is pushed as a list.
      await a.replica.write([put(3, 3)])
      a.sync.changed(space.space)
      await eventually(() => areSame([a.replica, there]), 'pushed')

      world.network.cut('a')
      const b = await member('b', bob)
      await eventually(() => areSame([a.replica, there, b.replica]), 'b has all from the store')
      expect(b.replica.log.cards().size).toBe(2)
      await b.replica.write([put(7, 7)])
      b.sync.changed(space.space)
      await eventually(() => areSame([there, b.replica]), 'b gave its own')
      world.network.cut('b')
      world.network.mend('a')
      await eventually(() => areSame([a.replica, b.replica, there]), 'a has what b wrote')
      expect(await contentOf(a.replica.repos, b.replica.repo)).toEqual(
        await contentOf(b.replica.repos, b.replica.repo),
      )
      expect(kept.abandoned).toEqual([])
      expect(stores.size).toBe(1)
    }))

  it('that takes nothing in says so, and is left alone', () =>
    withSpaceWorld(async ({ space, member, store }) => {
      const kept = await store('store', () => false)
      const a = await member('a', space.owner)
      await eventually(() => kept.asks.length > 0, 'asked')
      await eventually(() => a.sync.peers(space.space)[0]?.error !== undefined, 'refused')
      expect(a.sync.peers(space.space)).toMatchObject([
        { peer: 'store', kind: 'store', current: false, error: 'space-sync.denied' },
      ])
      await a.sync.look(space.space)
      expect(kept.asks).toHaveLength(1)
      expect(kept.replicas.size).toBe(0)
    }))

  it('whoever has no role is let in by no store, and what it asked to keep without one is given up', () =>
    withSpaceWorld(async ({ space, member, store }) => {
      const kept = await store('store')
      const eve = await member('eve', space.device('eve'))
      // She says that she is in; her log does not.
      eve.replica.links.add(space.device('eve').id)
      await eve.sync.look(space.space)
      await eventually(() => kept.abandoned.length > 0, 'given up')
      expect(kept.replicas.size).toBe(0)
      const a = await member('a', space.owner)
      await eventually(() => kept.replicas.has(space.space), 'kept for the owner')
      const there = kept.replicas.get(space.space) ?? expect.fail()
      await a.replica.write([put(1, 1)])
      a.sync.changed(space.space)
      await eventually(() => areSame([a.replica, there]), 'at the store')
      expect(await eve.replica.repos.heads(`${space.space}/`, { limit: 9 })).toEqual([])
      expect(kept.serving.access.mayRead('eve', space.space)).toBe(false)
      expect(kept.serving.access.mayRead('a', space.space)).toBe(true)
    }))

  it('lets a removed member in no more, and tells it nothing from then on', () =>
    withSpaceWorld(async ({ space, member, store }) => {
      const kept = await store('store')
      const a = await member('a', space.owner)
      const bob = space.device('bob')
      await space.role(a.replica.log, bob, 'writer')
      const b = await member('b', bob)
      await a.replica.write([put(1, 1)])
      a.sync.changed(space.space)
      await eventually(() => areSame([a.replica, b.replica]), 'b has it')
      const there = kept.replicas.get(space.space) ?? expect.fail()
      await eventually(() => areSame([a.replica, there]), 'the store has it')

      await space.role(a.replica.log, bob, 'none')
      await eventually(() => !kept.serving.access.mayRead('b', space.space), 'out at the store')
      await a.replica.write([put(2, 2)])
      a.sync.changed(space.space)
      await eventually(() => areSame([a.replica, there]), 'the store has more')
      await eventually(async () => {
        await b.sync.look(space.space)
        return b.sync.peers(space.space).every((it) => it.error !== undefined)
      }, 'b is refused everywhere')
      const codes = b.sync.peers(space.space).map(({ peer, error }) => `${peer} ${error ?? ''}`)
      expect(codes.sort()).toEqual(['a space-sync.not-kept', 'store space-sync.denied'])
      expect((await b.replica.repos.head(a.replica.repo))?.rev).not.toBe(
        (await a.replica.repos.head(a.replica.repo))?.rev,
      )
      expect(a.sync.access.mayRead('b', space.space)).toBe(false)
    }))

  it('ends what the holder of a link hears, when time has ended the link', () =>
    withSpaceWorld(async ({ space, member, store }) => {
      const { timers } = testHost
      let recheck: (() => void) | undefined
      const after = (ms: number, run: () => void): (() => void) => {
        if (ms !== RECHECK || recheck !== undefined) return timers.after(ms, run)
        // The first that waits so long.
        recheck = run
        return () => {}
      }
      const kept = await store('store', () => true, { timers: { after } })
      const a = await member('a', space.owner)
      await eventually(() => kept.replicas.has(space.space), 'kept')
      const there = kept.replicas.get(space.space) ?? expect.fail()
      const link = space.device('link')
      there.links.add(link.id)
      const n = await member('newcomer', space.device('newcomer'), {}, (replica) => ({
        ...replica,
        prove: async (challenge) => ({ key: link.id, sig: link.key.sign(challenge) }),
      }))
      const heard: string[] = []
      n.sync.words.onWord((_space, word) => heard.push(word))
      await eventually(() => {
        kept.serving.channel.say(space.space, 'before')
        return heard.includes('before')
      }, 'heard')
      there.links.delete(link.id)
      recheck?.()
      await eventually(() => n.sync.peers(space.space).some((it) => it.error === 'space-sync.denied'), 'out')
      kept.serving.channel.say(space.space, 'after')
      // The owner hears it, and what it says after is there before anything else could be.
      const told = new Promise<void>((resolve) =>
        a.sync.words.onWord((_, word) => word === 'last' && resolve()),
      )
      const ofStore = () => a.sync.peers(space.space).find(({ kind }) => kind === 'store')
      await eventually(() => ofStore()?.current === true, 'the owner is there')
      kept.serving.channel.say(space.space, 'last')
      await told
      expect(heard).not.toContain('after')
      expect(heard).not.toContain('last')
    }))

  it('lets in who holds a live link, while no member is there, and no longer than it lives', () =>
    withSpaceWorld(async ({ world, space, member, store }) => {
      const kept = await store('store')
      const a = await member('a', space.owner)
      await a.replica.write([put(1, 1)])
      a.sync.changed(space.space)
      await eventually(() => kept.replicas.has(space.space), 'kept')
      const there = kept.replicas.get(space.space) ?? expect.fail()
      await eventually(() => areSame([a.replica, there]), 'at the store')
      world.network.cut('a')

      const link = space.device('link')
      there.links.add(link.id)
      const n = await member('newcomer', space.device('newcomer'), {}, (replica) => ({
        ...replica,
        prove: async (challenge) => ({ key: link.id, sig: link.key.sign(challenge) }),
      }))
      await eventually(() => areSame([a.replica, n.replica]), 'all of it')
      expect(kept.serving.access.keyOf('newcomer', space.space)).toBe(link.id)
      there.links.delete(link.id)
      expect(kept.serving.access.mayRead('newcomer', space.space)).toBe(false)
      await n.sync.look(space.space)
      expect(n.sync.peers(space.space)).toMatchObject([{ peer: 'store', error: 'space-sync.denied' }])
    }))
})
