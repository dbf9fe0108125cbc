import { describe, expect, it } from 'vitest'
import { put } from '../../storage/space/testing/kit.ts'
import type { TestDevice } from '../../spaces/testing/kit.ts'
import { areSame, eventually, type Member, withSpaceWorld } from './testing/nodes.ts'

describe('members who were apart', () => {
  it('four of them, on two sides of a cut, have all that was written on both', () =>
    withSpaceWorld(async ({ world, space, member, store }) => {
      const kept = await store('store')
      const a = await member('a', space.owner)
      const names = ['bob', 'cleo', 'dan']
      const devices: TestDevice[] = names.map((name) => space.device(name))
      for (const device of devices) await space.role(a.replica.log, device, 'writer')
      const others: Member[] = []
      for (const [i, device] of devices.entries()) others.push(await member(names[i] ?? '', device))
      const all = [a, ...others].map((it) => it.replica)
      await eventually(() => areSame(all), 'met')

      // Two go away, each by itself; two and the store stay.
      world.network.cut('cleo')
      world.network.cut('dan')
      for (const [i, it] of [a, ...others].entries()) {
        for (let k = 0; k < 3; k++) {
          await it.replica.write([put(i * 10 + k, k)])
          it.sync.changed(space.space)
        }
      }
      // Someone is let in meanwhile, and writes: heads that the others know nothing of.
      const fay = space.device('fay')
      await space.role(a.replica.log, fay, 'writer')
      const f = await member('fay', fay)
      await eventually(() => f.replica.mayRead(fay.id), 'fay knows that she is in')
      await f.replica.write([put(99, 99)])
      f.sync.changed(space.space)
      const near = [a.replica, others[0]?.replica ?? expect.fail(), f.replica]
      await eventually(() => areSame(near), 'those who stayed')
      expect(await areSame([...all, f.replica])).toBe(false)

      world.network.mend('cleo')
      world.network.mend('dan')
      const there = kept.replicas.get(space.space) ?? expect.fail()
      await eventually(() => areSame([...all, f.replica, there]), 'all of them and the store')
      for (const it of [...all, f.replica]) expect(it.faults).toEqual([])
    }))

  it('who finds the group by new topics only is found when it has them', () =>
    withSpaceWorld(async ({ space, member }) => {
      const a = await member('a', space.owner)
      const bob = space.device('bob')
      await space.role(a.replica.log, bob, 'writer')
      a.replica.secret = 'epoch 2'
      a.sync.topicsChanged(space.space)
      const b = await member('b', bob)
      await a.replica.write([put(1, 1)])
      a.sync.changed(space.space)
      await b.sync.look(space.space)
      expect(b.sync.peers(space.space)).toEqual([])
      b.replica.secret = 'epoch 2'
      b.sync.topicsChanged(space.space)
      await eventually(() => areSame([a.replica, b.replica]), 'met under the new one')
      await b.sync.leave(space.space)
      await eventually(() => a.sync.peers(space.space).every((it) => !it.connected), 'gone')
    }))
})
