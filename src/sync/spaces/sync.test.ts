import { toHex } from '../../core/bytes.ts'
import { describe, expect, it } from 'vitest'
import { put, remove } from '../../storage/space/testing/kit.ts'
import { areSame, eventually, withSpaceWorld } from './testing/nodes.ts'
import { testHost } from './testing/space-world.ts'

describe('a space between devices', () => {
  it('what one writes is at the other, and is told to be there', () =>
    withSpaceWorld(async ({ space, member }) => {
      const a = await member('a', space.owner)
      const bob = space.device('bob')
      await space.role(a.replica.log, bob, 'writer')
      await a.replica.write([put(1, 1), put(2, 2)])
      a.sync.changed(space.space)
      const b = await member('b', bob)
      await eventually(() => areSame([a.replica, b.replica]), 'first meeting')
      await eventually(() => b.replica.moved.includes(`${space.owner.id} a`), 'told that a head moved')

      await b.replica.write([put(3, 3)])
      b.sync.changed(space.space)
      await eventually(() => areSame([a.replica, b.replica]), 'what b wrote')
      const rev = (await b.replica.repos.head(b.replica.repo))?.rev
      await eventually(() => b.sync.sentRev(space.space) === rev, 'sent')
      await eventually(() => a.sync.peers(space.space).every((it) => it.current), 'a current')
      await eventually(() => b.sync.peers(space.space).every((it) => it.current), 'b current')
      expect(a.sync.peers(space.space)).toMatchObject([
        { peer: 'b', kind: 'device', device: bob.id, connected: true, error: undefined },
      ])

      // Live: one edit after another.
      for (let i = 10; i < 20; i++) {
        await a.replica.write([put(i, i), remove(i - 1)])
        a.sync.changed(space.space)
      }
      await eventually(() => areSame([a.replica, b.replica]), 'live edits')
      expect([...a.replica.faults, ...b.replica.faults]).toEqual([])
    }))

  it('finds who was away while a new epoch began, and is not found under the old one', () =>
    withSpaceWorld(async ({ world, space, member }) => {
      const a = await member('a', space.owner)
      const bob = space.device('bob')
      await space.role(a.replica.log, bob, 'writer')
      const b = await member('b', bob)
      const old = a.replica.topics()[0] ?? expect.fail()
      const listed = (): string[] => [...(world.directory.listed.get(toHex(old.id))?.keys() ?? [])].sort()
      await eventually(() => areSame([a.replica, b.replica]), 'met')
      expect(listed()).toEqual(['a', 'b'])

      world.network.cut('b')
      await a.replica.write([put(1, 1)])
      a.sync.changed(space.space)
      Object.assign(a.replica, { secret: 'epoch 2', former: 'epoch 1' })
      a.sync.topicsChanged(space.space)
      await eventually(() => listed().join() === 'b', 'announced there no more')
      // Another device of the group that looks there as a removed one would: nobody but the straggler.
      const r = world.node('removed', { timers: testHost.timers, clock: testHost.clock })
      await r.networker.configure(old, { announce: false })
      expect(r.networker.status(old)?.found).toBe(1)
      world.network.mend('b')
      await eventually(() => areSame([a.replica, b.replica]), 'found')
      Object.assign(b.replica, { secret: 'epoch 2', former: 'epoch 1' })
      b.sync.topicsChanged(space.space)
      await eventually(() => listed().length === 0, 'gone from there')
      await b.replica.write([put(2, 2)])
      b.sync.changed(space.space)
      await eventually(() => areSame([a.replica, b.replica]), 'under the new one')
      await r.networker.close()
    }))
})
