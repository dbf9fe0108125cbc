import { describe, expect, it } from 'vitest'
import { tidAfter } from '../../repo/testing/generate.ts'
import { deleteRepo } from '../keep.ts'
import { headOf } from '../kept.ts'
import { PAGES_PROTOCOL } from '../pages/protocol.ts'
import { REPO_SYNC_PROTOCOL } from '../repo-sync/protocol.ts'
import { serveRepoSync } from '../repo-sync/serve.ts'
import { contents, wanted } from '../testing/sync-kit.ts'
import { noteCopy } from './copy-rows.ts'
import { boasting, type EngineKit, forging, lies, withEngine } from './testing/engine-kit.ts'

const expectNewest = async ({ b, alice }: EngineKit): Promise<void> => {
  const head = await headOf(b.storage, alice.did)
  if (head === undefined) throw new Error('no head')
  expect(await contents(b.storage, head)).toEqual(wanted(alice.repo))
}

describe('the engine', () => {
  it('pulls what a peer has newer, and nothing else', () =>
    withEngine(async (kit) => {
      const { a, d, alice, pulls, meet, row } = kit
      await meet(a)
      await expectNewest(kit)
      expect(await row(a)).toMatchObject({
        rev: alice.repo.rev,
        partial: false,
        failures: 0,
        retryAt: undefined,
      })
      expect((await row(a))?.answeredAt).toBeGreaterThan(0)
      await meet(a)
      d.serve()
      await meet(d)
      expect(pulls).toEqual(['done'])
      expect(await row(d)).toBeUndefined()
    }))

  it('pulls the head that a peer says it has now, when it is newer', () =>
    withEngine(async (kit) => {
      const { a, c, alice, engine, candidate, pulls, meet, row, rev } = kit
      await meet(a)
      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      await engine.hear(candidate(a), alice.did, alice.repo.rev)
      await engine.idle()
      await expectNewest(kit)
      const head = { rev: alice.repo.rev, commit: (await headOf(kit.b.storage, alice.did))?.commitCid }
      expect(await row(a)).toMatchObject({ ...head, failures: 0 })
      // What is here already, and what was said before, is no reason to ask; of a stranger heads are asked first.
      await engine.hear(candidate(a), alice.did, alice.repo.rev)
      c.serve()
      await c.backUp(alice.did)
      await engine.hear(candidate(c), alice.did, alice.repo.rev)
      await engine.idle()
      expect(pulls).toEqual(['done', 'done'])
      expect(await row(c)).toMatchObject(head)
      expect(await rev()).toBe(alice.repo.rev)
    }))

  it('leaves a peer alone whose word on a new head was not kept', () =>
    withEngine(async (kit) => {
      const { a, alice, engine, candidate, pulls, meet, row, rev } = kit
      await meet(a)
      await engine.hear(candidate(a), alice.did, tidAfter(alice.repo.rev, 1))
      await engine.idle()
      expect(pulls).toEqual(['done', 'sync.peer-lacks'])
      expect(await row(a)).toMatchObject({ failures: 1, failure: 'sync.peer-lacks' })
      expect(await rev()).toBe(alice.repo.rev)
    }))

  it('leaves a peer that forged alone for longer each time, and moves no head', () =>
    withEngine(async (kit) => {
      const { a, c, alice, engine, pulls, pauses, meet, row, rev } = kit
      const before = await rev()
      lies(c, a, forging)
      await meet(c)
      expect(pulls).toEqual([expect.stringMatching(/^repo\./)])
      expect(await row(c)).toMatchObject({ failures: 1, failure: pulls[0], rev: alice.repo.rev })
      // The same word again is no reason to try.
      await meet(c)
      expect(pulls).toHaveLength(1)
      for (const [i, ms] of [5000, 10_000, 20_000].entries()) {
        const [pause, ...more] = pauses()
        expect(more).toEqual([])
        expect(pause?.ms).toBeGreaterThanOrEqual(ms / 2)
        expect(pause?.ms).toBeLessThanOrEqual(ms)
        pause?.end()
        await engine.idle()
        expect(pulls).toHaveLength(i + 2)
      }
      expect(await rev()).toBe(before)
      // Whoever has it as well is asked for it all the same, and forgives nothing.
      await meet(a)
      await expectNewest(kit)
      expect(await row(c)).toMatchObject({ failures: 4 })
    }))

  it('tests a newer word of such a peer at once, and not for ever', () =>
    withEngine(async (kit) => {
      const { a, c, alice, pulls, meet, row, rev } = kit
      const before = await rev()
      lies(c, a, forging)
      await meet(c)
      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      await meet(c)
      expect(pulls).toHaveLength(2)
      for (let i = 0; i < 6; i++) {
        alice.commit({ create: 1 })
        await a.backUp(alice.did)
        await meet(c)
      }
      expect(pulls).toHaveLength(5)
      expect(await row(c)).toMatchObject({ failures: 5 })
      expect(await rev()).toBe(before)
    }))

  it('has a back-off for the liar of two who say that they hold the same', () =>
    withEngine(async (kit) => {
      const { a, b, c, alice, pulls, pulled, meet, row } = kit
      c.serve()
      lies(a, c, forging)
      // Both are known before the first of them is asked.
      await noteCopy(b.storage, alice.did, a.id, { rev: alice.repo.rev })
      await meet(c)
      await expectNewest(kit)
      expect(pulls).toEqual(['done'])
      expect(pulled()).toEqual({
        ...{ peer: c.id, rung: 'difference', resumed: false },
        tried: [{ rung: undefined, peer: a.id, code: expect.stringMatching(/^repo\./) as string }],
      })
      expect(await row(a)).toMatchObject({ failures: 1, failure: expect.stringMatching(/^repo\./) as string })
      expect(await row(c)).toMatchObject({ failures: 0 })
    }))

  it('does not wait for a head that nobody has', () =>
    withEngine(async (kit) => {
      const { a, b, c, alice, pulls, meet, row } = kit
      lies(c, b, boasting(600))
      b.serve()
      await meet(c)
      expect(pulls).toEqual(['sync.peer-lacks'])
      expect(await row(c)).toMatchObject({ failures: 1, failure: 'sync.peer-lacks' })
      await meet(a)
      await expectNewest(kit)
      expect(alice.repo.rev < ((await row(c))?.rev ?? '')).toBe(true)
    }))

  it('runs one pull of a repo at a time, and looks at news of meanwhile afterwards', () =>
    withEngine(async (kit) => {
      const { a, c, alice, engine, candidate, pulls, most } = kit
      c.serve()
      const asked = Promise.withResolvers<void>()
      const gate = Promise.withResolvers<void>()
      lies(a, c, async ({ request, head, bytes }) => {
        if (request.type === 'blocks') {
          asked.resolve()
          await gate.promise
        }
        return { head, bytes }
      })
      await engine.meet(candidate(a), [alice.did])
      await asked.promise
      alice.commit({ create: 2 })
      await c.backUp(alice.did)
      await engine.meet(candidate(c), [alice.did])
      await engine.meet(candidate(c), [alice.did])
      gate.resolve()
      await engine.idle()
      await expectNewest(kit)
      expect(most()).toBe(1)
      expect(pulls).toEqual(['done', 'done'])
    }))

  it('goes on with another who has the same head when one goes away', () =>
    withEngine(async (kit) => {
      const { a, b, c, alice, engine, network, candidate, row } = kit
      await deleteRepo(b.storage, alice.did, b.work())
      c.serve()
      let cut = false
      lies(a, c, ({ request, head, bytes }) => {
        cut ||= request.type === 'page'
        if (cut) network.cut(a.id)
        return { head, bytes }
      })
      const { snapshot, way } = await engine.fetch(alice.did, b.work(), [candidate(a), candidate(c)])
      expect(way).toMatchObject({ peer: c.id, rung: 'pages' })
      expect(cut).toBe(true)
      expect(snapshot?.rev).toBe(alice.repo.rev)
      await expectNewest(kit)
      expect(await row(c)).toMatchObject({ rev: alice.repo.rev, failures: 0 })
    }))

  it('asks nodes of other kinds last, and each of them', () =>
    withEngine(async (kit) => {
      const { a, b, c, d, alice, engine, announced, candidate } = kit
      const sent: string[] = []
      const stock = (node: typeof c) =>
        node.net.handle(
          REPO_SYNC_PROTOCOL,
          serveRepoSync({
            storage: node.storage,
            timers: { after: () => () => {} },
            onSent: () => void sent.push(node.id),
          }),
        )
      stock(c)
      stock(d)
      announced.push(candidate(d), candidate(c), candidate(a))
      await deleteRepo(b.storage, alice.did, b.work())
      await engine.fetch(alice.did, b.work())
      await expectNewest(kit)
      expect(sent).toEqual([])
      await deleteRepo(b.storage, alice.did, b.work())
      a.net.handle(PAGES_PROTOCOL, async () => {
        throw new Error('away')
      })
      // d keeps nothing of it.
      const { way } = await engine.fetch(alice.did, b.work())
      await expectNewest(kit)
      expect(new Set(sent)).toEqual(new Set([c.id]))
      expect(way).toMatchObject({
        ...{ peer: c.id, rung: 'repo-sync' },
        tried: [
          { rung: undefined, peer: d.id, code: 'sync.peer-lacks' },
          { rung: 'pages', peer: c.id, code: 'net.unsupported' },
        ],
      })
    }))

  it('says that nobody has it, where nobody has', () =>
    withEngine(async ({ b, d, alice, engine, announced, candidate }) => {
      await expect(engine.fetch(alice.did, b.work())).rejects.toMatchObject({
        code: 'sync.no-copy',
        fields: { asked: 0 },
      })
      d.serve()
      announced.push(candidate(d))
      await expect(engine.fetch(alice.did, b.work())).rejects.toMatchObject({
        code: 'sync.no-copy',
        fields: { asked: 1 },
      })
    }))

  it('blames nobody for trouble of its own, and tries again', () =>
    withEngine(async (kit) => {
      const { a, b, alice, engine, pulls, pauses, meet, row } = kit
      await b.storage.lock(`repo:${alice.did}`, { mode: 'exclusive' }, () => meet(a))
      expect(pulls).toEqual(['sync.busy'])
      expect(await row(a)).toMatchObject({ failures: 0, retryAt: undefined })
      pauses()[0]?.end()
      await engine.idle()
      await expectNewest(kit)
      expect(pauses()).toEqual([])
    }))

  it('stops what is under way when it is closed', () =>
    withEngine(async ({ a, c, alice, engine, candidate, pulls, rev }) => {
      const before = await rev()
      const asked = Promise.withResolvers<void>()
      lies(c, a, ({ request, head, bytes }) => {
        if (request.type !== 'blocks') return { head, bytes }
        asked.resolve()
        return 'silent'
      })
      await engine.meet(candidate(c), [alice.did])
      await asked.promise
      await engine.close()
      expect(pulls).toEqual(['sync.cancelled'])
      expect(await rev()).toBe(before)
    }))
})
