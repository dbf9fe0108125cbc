import { expect, it } from 'vitest'
import { parseSpaceCommit, spaceCommitCid, verifySpaceCommit } from '../../repo/space/commit.ts'
import { under } from '../../storage/space/rows.ts'
import { contentOf, put } from '../../storage/space/testing/kit.ts'
import { sha256 } from '../../storage/testing/node-host.ts'
import { areSame, eventually, withSpaceWorld } from './testing/nodes.ts'

it('an author who signed two commits of one time is shown by both, and neither takes the other’s place', () =>
  withSpaceWorld(async ({ world, space, member }) => {
    const a = await member('a', space.owner)
    const bob = space.device('bob')
    await space.role(a.replica.log, bob, 'writer')
    const one = await member('one', bob)
    await eventually(() => areSame([a.replica, one.replica]), 'in')
    // The same device, copied: each writes its first commit at the same time of its clock.
    world.network.cut('one')
    const two = await member('two', bob)
    await eventually(() => areSame([a.replica, two.replica]), 'the copy is in')
    await two.replica.write([put(9, 9)])
    two.sync.changed(space.space)
    await eventually(() => areSame([a.replica, two.replica]), 'what the copy wrote')
    await two.sync.leave(space.space)
    const held = await a.replica.repos.head(two.replica.repo)
    await one.replica.write([put(1, 1)])
    const other = await one.replica.repos.head(one.replica.repo)
    expect(other?.rev).toBe(held?.rev)
    world.network.mend('one')
    await eventually(async () => {
      await a.sync.look(space.space)
      return a.replica.faults.length > 0
    }, 'seen')

    const [fault] = a.replica.faults
    expect(fault).toMatchObject({ code: 'space.equivocation', peer: 'one' })
    expect(fault?.fields).toMatchObject({
      repo: one.replica.repo,
      rev: held?.rev,
      held: held?.cid,
      other: other?.cid,
    })
    // All that it takes to show it to anyone: two commits that hold, by one author, of one rev.
    const proof = ['heldCommit', 'otherCommit'].map((name) => fault?.fields[name])
    const commits = await Promise.all(
      proof.map(async (bytes) => {
        if (!(bytes instanceof Uint8Array)) throw new Error('no bytes')
        const commit = parseSpaceCommit(new Uint8Array(bytes))
        await verifySpaceCommit(commit)
        return { author: commit.author, rev: commit.rev, cid: spaceCommitCid(new Uint8Array(bytes), sha256) }
      }),
    )
    expect(commits).toEqual([held, other].map((it) => ({ author: bob.id, rev: held?.rev, cid: it?.cid })))
    expect(Object.keys(await contentOf(a.replica.repos, two.replica.repo))).toHaveLength(1)
    expect((await a.replica.repos.head(two.replica.repo))?.cid).toBe(held?.cid)
    // The peer may be the copy's honest half: it is served on, and told of once.
    expect(a.sync.peers(space.space).find(({ peer }) => peer === 'one')?.error).toBeUndefined()
    await a.sync.look(space.space)
    expect(a.replica.faults).toHaveLength(1)
  }))

it('a store with the other end of an old fork takes the newer one, though no list leads there', () =>
  withSpaceWorld(async ({ world, space, member, store }) => {
    const kept = await store('store')
    const a = await member('a', space.owner)
    const bob = space.device('bob')
    await space.role(a.replica.log, bob, 'writer')
    a.sync.changed(space.space)
    const one = await member('one', bob)
    await eventually(() => areSame([a.replica, one.replica]), 'in')
    await eventually(() => kept.replicas.has(space.space), 'kept')
    const there = kept.replicas.get(space.space) ?? expect.fail()
    // Nobody but the store brings them together.
    world.network.cut('one')
    const two = await member('two', bob)
    await eventually(() => areSame([a.replica, two.replica]), 'the copy is in')
    await two.replica.write([put(9, 9)])
    two.sync.changed(space.space)
    await eventually(() => areSame([there, two.replica]), 'what the copy wrote')
    await two.sync.leave(space.space)
    world.network.cut('two')
    world.network.cut('a')
    await one.replica.write([put(1, 1)])
    await one.replica.write([put(2, 2)])
    const range = under(`held/${one.replica.repo}`)
    await one.storage.write([{ type: 'delete-range', table: 'space-repos', ...range }])
    await one.replica.write([put(3, 3)])
    world.network.mend('one')
    await eventually(async () => {
      await one.sync.look(space.space)
      return areSame([one.replica, there])
    }, 'the store has the newer end')
    expect(Object.keys(await contentOf(there.repos, one.replica.repo))).toHaveLength(3)
  }))
