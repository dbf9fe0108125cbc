import { describe, expect, it } from 'vitest'
import { put, remove } from '../../storage/space/testing/kit.ts'
import { areSame, eventually, withSpaceWorld } from './testing/nodes.ts'

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
})
