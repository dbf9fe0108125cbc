import { describe, expect, it } from 'vitest'
import { judgeHeads } from '../../spaces/vault/judge-seen.ts'
import { contentOf, put } from '../../storage/space/testing/kit.ts'
import { areSame, eventually, withSpaceWorld } from './testing/nodes.ts'

describe('a store that was put back', () => {
  it('is known by what it offers within one round, and moves nothing back', () =>
    withSpaceWorld(async ({ space, member, store }) => {
      const kept = await store('store')
      const a = await member('a', space.owner)
      const bob = space.device('bob')
      await space.role(a.replica.log, bob, 'writer')
      const b = await member('b', bob)
      await eventually(() => kept.replicas.has(space.space), 'kept')
      const there = kept.replicas.get(space.space) ?? expect.fail()
      const { repo } = a.replica
      const writes = async (n: number): Promise<string> => {
        await a.replica.write([put(n, n)])
        a.sync.changed(space.space)
        await eventually(() => areSame([a.replica, b.replica, there]), `write ${n} is everywhere`)
        return (await there.repos.head(repo))?.rev ?? ''
      }
      const old = await writes(1)
      const before = await there.repos.head(repo)
      const newest = await writes(2)
      await a.sync.leave(space.space)

      const { head, heads } = there.repos
      const back = { head: async () => before, heads: async () => [{ repo, head: before }] }
      Object.assign(there.repos, back)
      await b.sync.look(space.space)
      const offered = b.replica.offered.get('store') ?? expect.fail()
      expect(offered.get(space.owner.id)?.rev).toBe(old)
      // What the owner said that it has seen, as members keep it.
      const own = await a.replica.repos.head(repo)
      const seen = new Map([[space.owner.id, { rev: newest, commit: own?.cid ?? '' }]])
      const verdict = judgeHeads(new Map([[space.owner.id, seen]]), seen, offered, new Map())
      expect(verdict).toEqual({
        withheld: [{ device: space.owner.id, offered: old, seen: newest, by: space.owner.id }],
        forks: [],
      })
      expect((await b.replica.repos.head(repo))?.rev).toBe(newest)
      Object.assign(there.repos, { head, heads })
      await b.sync.look(space.space)
      expect(b.replica.offered.get('store')?.get(space.owner.id)?.rev).toBe(newest)
      expect(b.replica.faults).toEqual([])
    }))
})

describe('a clock that is years ahead', () => {
  it('is told by what was written, and holds up nobody, its owner after it was set right least of all', () =>
    withSpaceWorld(async ({ space, member }) => {
      const a = await member('a', space.owner)
      const bob = space.device('bob')
      await space.role(a.replica.log, bob, 'writer')
      const b = await member('b', bob)
      await eventually(() => areSame([a.replica, b.replica]), 'in')
      const at = async (now: number, n: number): Promise<string> => {
        const members = b.replica.log.heads()
        await b.replica.repos.commit(b.replica.repo, { changes: [put(n, n)], signer: bob, now, members })
        b.sync.changed(space.space)
        return (await b.replica.repos.head(b.replica.repo))?.rev ?? ''
      }
      const far = await at(Date.UTC(2200, 0), 1)
      await eventually(() => areSame([a.replica, b.replica]), 'taken')
      const right = await at(Date.UTC(2026, 0), 2)
      expect(right > far).toBe(true)
      await a.replica.write([put(3, 3)])
      a.sync.changed(space.space)
      await eventually(() => areSame([a.replica, b.replica]), 'all of it')
      expect(Object.keys(await contentOf(a.replica.repos, b.replica.repo))).toHaveLength(2)
      expect([...a.replica.faults, ...b.replica.faults]).toEqual([])
    }))
})
