import { describe, expect, it } from 'vitest'
import { put } from '../../storage/space/testing/kit.ts'
import { openSpace } from './client.ts'
import { haveOf, unpackCids } from './log-page.ts'
import { createTestLinks } from './testing/links.ts'
import { areSame, eventually, type Member, type SpaceWorld, withSpaceWorld } from './testing/nodes.ts'
import { testHost, type TestReplica } from './testing/space-world.ts'

/** Whether a replica's own log says that a device is in. */
const isIn = ({ log }: TestReplica, device: string): boolean => log.members.state().devices.has(device)

/** Asks by hand, over a stream of its own. */
async function asks({ net, replica }: Member, peer: string) {
  const { prove, space } = replica
  if (prove === undefined) throw new Error('a store asks nobody')
  const client = await openSpace(net, peer, { space, prove }, testHost)
  const refusal = await client.hello().then(
    () => undefined,
    (error: { code: string }) => error.code,
  )
  return { client, refusal, why: (join?: Uint8Array) => client.why(haveOf(replica.log), join) }
}

/** An owner, a writer, and a store, all in step. */
async function threeInStep({ space, member, store }: SpaceWorld) {
  const kept = await store('store')
  const a = await member('a', space.owner)
  const bob = space.device('bob')
  await space.role(a.replica.log, bob, 'writer')
  const b = await member('b', bob)
  await eventually(() => kept.replicas.has(space.space), 'kept')
  const there = kept.replicas.get(space.space) ?? expect.fail()
  await eventually(() => areSame([a.replica, b.replica, there]), 'in step')
  return { a, b, bob, kept, there }
}

describe('who was removed', () => {
  it.each(['device', 'store'] as const)('learns it from a %s, and nothing of what came later', (from) =>
    withSpaceWorld(async (world) => {
      const { space, stores } = world
      const { a, b, bob, there } = await threeInStep(world)
      if (from === 'device') stores.clear()
      b.sync.storesChanged()
      world.world.network.cut('b')
      const hidden = await space.act(a.replica.log, space.owner, {
        kind: 'hide',
        body: { item: 'x', hidden: true },
      })
      const removal = await space.role(a.replica.log, bob, 'none')
      const later = await space.role(a.replica.log, space.device('cleo'), 'writer')
      await a.replica.write([put(1, 1)])
      a.sync.changed(space.space)
      if (from === 'store') {
        await eventually(() => areSame([a.replica, there]), 'the store knows')
        world.world.network.cut('a')
      }
      expect(isIn(b.replica, bob.id)).toBe(true)
      world.world.network.mend('b')
      await eventually(async () => {
        await b.sync.look(space.space)
        return !isIn(b.replica, bob.id)
      }, 'told')
      const { log, repos } = b.replica
      expect([hidden, removal, later].map((it) => log.operation(it) !== undefined)).toEqual([
        true,
        true,
        false,
      ])
      expect(await repos.heads(`${space.space}/`, { limit: 9 })).toEqual([])
      expect(b.sync.peers(space.space).every((it) => it.error !== undefined)).toBe(true)
      expect(b.replica.faults).toEqual([])
    }),
  )

  it('is told once for each proof, and no more by asking on', () =>
    withSpaceWorld(async (world) => {
      const { space } = world
      const { a, b, bob } = await threeInStep(world)
      await b.sync.leave(space.space)
      const removal = await space.role(a.replica.log, bob, 'none')
      const { refusal, why, client } = await asks(b, 'a')
      expect(refusal).toBe('space-sync.not-kept')
      const told = await why()
      expect(told).toMatchObject({ in: false, more: false })
      expect(told.operations.map((it) => Buffer.from(it).toString('hex'))).toEqual([
        Buffer.from(a.replica.log.operation(removal) ?? []).toString('hex'),
      ])
      expect(await why()).toEqual({ operations: [], in: false, more: false })
      // What it was told opens nothing.
      await expect(client.heads(0, new Uint8Array(16), 0)).rejects.toMatchObject({
        code: 'space-sync.not-kept',
      })
      client.close()
      // Others who have the key may ask too, but not as often as they like.
      for (let others = 0; others < 7; others++) {
        const other = await asks(b, 'a')
        expect((await other.why()).operations).toHaveLength(1)
        other.client.close()
      }
      const again = await asks(b, 'a')
      await expect(again.why()).rejects.toMatchObject({ code: 'space-sync.not-kept' })
      again.client.close()
    }))

  it('strangers are told nothing: not whether the space is here', () =>
    withSpaceWorld(async (world) => {
      const { space, member } = world
      await threeInStep(world)
      const eve = await member('eve', space.device('eve'))
      await eve.sync.leave(space.space)
      const { refusal, why, client } = await asks(eve, 'a')
      expect(refusal).toBe('space-sync.not-kept')
      await expect(why()).rejects.toMatchObject({ code: 'space-sync.not-kept' })
      await expect(why(new Uint8Array(100))).rejects.toMatchObject({ code: 'space-sync.not-kept' })
      client.close()
    }))
})

describe('who came by a link', () => {
  it('that was closed meanwhile learns the closing, though nobody had heard of the join', () =>
    withSpaceWorld(async (world) => {
      const { space, member } = world
      const { a, there } = await threeInStep(world)
      const links = createTestLinks(space)
      const [link, kim] = [space.device('link'), space.device('kim')]
      await links.make(a.replica.log, link)
      await eventually(() => areSame([a.replica, there]), 'the link is known')
      const copy = a.replica.log.after([]).map((it) => a.replica.log.operation(it) ?? expect.fail())
      const closing = await links.close(a.replica.log, link)
      await space.role(a.replica.log, space.device('cleo'), 'writer')
      await eventually(() => areSame([a.replica, there]), 'closed')
      const k = await member('kim', kim)
      await k.sync.leave(space.space)
      await k.replica.log.add({ operations: copy })
      const came = await links.join(k.replica.log, link, kim)
      expect(isIn(k.replica, kim.id)).toBe(true)
      k.sync.join(k.replica)
      await eventually(() => k.replica.log.operation(closing) !== undefined, 'told')
      expect(isIn(k.replica, kim.id)).toBe(false)
      expect(k.replica.log.members.state().links[0]?.ignored).toMatchObject([
        { operation: came, because: 'closed' },
      ])
      expect(k.replica.log.members.state().persons.has(space.device('cleo').id)).toBe(false)
      // The join is there, and counts for nothing there too.
      expect(a.replica.log.operation(came)).toBeDefined()
      expect(isIn(a.replica, kim.id)).toBe(false)
    }))

  it('and was too late learns who came first', () =>
    withSpaceWorld(async (world) => {
      const { space, member } = world
      const { a, there } = await threeInStep(world)
      const links = createTestLinks(space)
      const [link, kim, lee] = [space.device('link'), space.device('kim'), space.device('lee')]
      await links.make(a.replica.log, link, 1)
      const copy = a.replica.log.after([]).map((it) => a.replica.log.operation(it) ?? expect.fail())
      await links.join(a.replica.log, link, lee, 2)
      await eventually(() => areSame([a.replica, there]), 'lee came')
      const k = await member('kim', kim)
      await k.sync.leave(space.space)
      await k.replica.log.add({ operations: copy })
      await links.join(k.replica.log, link, kim, 5)
      k.sync.join(k.replica)
      await eventually(() => !isIn(k.replica, kim.id), 'told')
      expect(isIn(k.replica, lee.id)).toBe(true)
      expect(k.replica.log.members.state().links[0]?.ignored).toMatchObject([{ because: 'surplus' }])
    }))

  it('and went before the join was given is let in when they are back', () =>
    withSpaceWorld(async (world) => {
      const { space, member } = world
      const { a, b, there } = await threeInStep(world)
      const links = createTestLinks(space)
      const [link, kim] = [space.device('link'), space.device('kim')]
      await links.make(a.replica.log, link)
      await eventually(() => areSame([a.replica, b.replica, there]), 'the link is known')
      const copy = a.replica.log.after([]).map((it) => a.replica.log.operation(it) ?? expect.fail())
      const k = await member('kim', kim)
      await k.sync.leave(space.space)
      await k.replica.log.add({ operations: copy })
      await links.join(k.replica.log, link, kim)
      k.sync.join(k.replica)
      await eventually(() => areSame([a.replica, b.replica, there, k.replica]), 'in, everywhere')
      expect([a, b, k].map((it) => isIn(it.replica, kim.id))).toEqual([true, true, true])
    }))

  it('the link alone: whoever holds it and knows nothing yet learns that it is closed', () =>
    withSpaceWorld(async (world) => {
      const { space, member } = world
      const { a, there } = await threeInStep(world)
      const links = createTestLinks(space)
      const link = space.device('link')
      await links.make(a.replica.log, link)
      const closing = await links.close(a.replica.log, link)
      const later = await space.role(a.replica.log, space.device('cleo'), 'writer')
      await eventually(() => areSame([a.replica, there]), 'closed')
      const k = await member('kim', space.device('kim'), {}, (replica) => ({
        ...replica,
        prove: async (challenge) => ({ key: link.id, sig: link.key.sign(challenge) }),
      }))
      await eventually(() => k.replica.log.operation(closing) !== undefined, 'told')
      expect(k.replica.log.operation(later)).toBeUndefined()
      expect(unpackCids(haveOf(k.replica.log))).toContain(closing)
    }))
})
