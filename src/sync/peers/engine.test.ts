import { describe, expect, it } from 'vitest'
import { blobBytesKey, blobKey } from '../../storage/rows.ts'
import { type BlobRow, unknownBlob } from '../blob-rows.ts'
import { fetchBlobs } from '../blobs.ts'
import { deleteCollection, deleteRepo } from '../keep.ts'
import { headOf } from '../kept.ts'
import { PAGES_PROTOCOL } from '../pages/protocol.ts'
import { partialRow, readPartial } from '../pages/partial-rows.ts'
import { pullCollection } from '../pages/pull-collection.ts'
import { REPO_SYNC_PROTOCOL } from '../repo-sync/protocol.ts'
import { serveRepoSync } from '../repo-sync/serve.ts'
import { contents, wanted } from '../testing/sync-kit.ts'
import { copyRows, noteCopy } from './copy-rows.ts'
import { boasting, type EngineKit, forging, lies, withEngine } from './testing/engine-kit.ts'

const LIKES = 'app.bsky.feed.like'

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
      const { a, b, c, alice, pulls, meet, row } = kit
      c.serve()
      lies(a, c, forging)
      // Both are known before the first of them is asked.
      await noteCopy(b.storage, alice.did, a.id, { rev: alice.repo.rev })
      await meet(c)
      await expectNewest(kit)
      expect(pulls).toEqual(['done'])
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
      const { snapshot } = await engine.fetch(alice.did, b.work(), [candidate(a), candidate(c)])
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
      await engine.fetch(alice.did, b.work())
      await expectNewest(kit)
      expect(new Set(sent)).toEqual(new Set([c.id]))
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

describe('a partial copy', () => {
  /** `d` keeps the likes only. */
  const keepLikes = async ({ a, d, pds, alice }: EngineKit): Promise<void> => {
    await pullCollection(d.host, pds.endpoints, {
      ...{ did: alice.did, collection: LIKES, sources: [a.source(d)], work: d.work(), label: '' },
    })
    d.serve()
  }

  it('is seen, and taken for no whole one', () =>
    withEngine(async (kit) => {
      const { b, d, alice, engine, announced, candidate, pulls, meet, row, rev } = kit
      await keepLikes(kit)
      const before = await rev()
      await meet(d)
      expect(await row(d)).toMatchObject({
        partial: true,
        rev: alice.repo.rev,
        collections: [{ nsid: LIKES, rev: alice.repo.rev }],
      })
      expect(pulls).toEqual([])
      expect(await rev()).toBe(before)
      announced.push(candidate(d))
      await expect(engine.fetch(alice.did, b.work())).rejects.toMatchObject({ code: 'sync.no-copy' })
      await expect(kit.calls.pull([candidate(d)], alice.did, b.work())).rejects.toMatchObject({
        code: 'net.refused',
        fields: { peer: d.id, reason: 'not-kept' },
      })
    }))

  it('comes from another partial copy, follows the head, and ends when it is deleted', () =>
    withEngine(async (kit) => {
      const { a, b, d, alice, engine, announced, candidate, pulls, meet } = kit
      await keepLikes(kit)
      await deleteRepo(b.storage, alice.did, b.work())
      announced.push(candidate(d))
      const row = await engine.fetchCollection(alice.did, LIKES, b.work())
      const paths = async (): Promise<string[]> => {
        const now = await partialRow(b.storage, alice.did, LIKES)
        const out: string[] = []
        if (now !== undefined) for await (const it of readPartial(b.host, now)) out.push(it.path)
        return out
      }
      const likes = () => alice.repo.records.map((it) => it.path).filter((it) => it.startsWith(`${LIKES}/`))
      expect(row).toMatchObject({ rev: alice.repo.rev, signature: 'current-key', whole: true })
      expect(await paths()).toEqual(likes())
      expect((await copyRows(b.storage, alice.did)).map((it) => [it.peer, it.partial])).toEqual([
        [d.id, true],
      ])
      await meet(d)
      expect(pulls).toEqual([])

      alice.commit({ create: [{ path: `${LIKES}/new`, value: { $type: LIKES } }] })
      await a.backUp(alice.did)
      await meet(a)
      expect(pulls).toEqual(['done'])
      expect(await paths()).toEqual(likes())
      expect(likes()).toContain(`${LIKES}/new`)

      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      await deleteCollection(b.storage, alice.did, LIKES, b.work())
      expect(await copyRows(b.storage, alice.did)).toEqual([])
      await meet(a)
      expect(pulls).toEqual(['done'])
      expect(await b.storage.byteKeys({ from: 'part/', to: 'part0' })).toEqual([])
      expect(await b.storage.list('identities')).toEqual([])
    }))
})

describe('blobs', () => {
  it('come from peers that keep the repo; bytes that are others are refused, and cost a back-off', () =>
    withEngine(async (kit) => {
      const { a, b, c, pds, alice, engine, meet, row } = kit
      const bytes = new Uint8Array(3000).map((_, i) => i * 7)
      const cid = alice.addBlob(bytes)
      await fetchBlobs(a.host, pds.endpoints, alice.did, a.work())
      pds.offline = true
      await meet(a)
      const key = blobKey(alice.did, cid)
      await b.storage.write([{ type: 'put', table: 'blobs', key, value: unknownBlob(cid) }])

      const stop = lies(c, a, ({ request, head, bytes: sent }) => ({
        head,
        bytes: request.type === 'blob' ? sent?.with(5, 0xff) : sent,
      }))
      await meet(c)
      // Only the liar is within reach.
      a.net.handle(PAGES_PROTOCOL, async () => {
        throw new Error('away')
      })
      await expect(engine.fetchBlobs(alice.did, b.work())).rejects.toMatchObject({ code: /^net\./ })
      expect(((await b.storage.get('blobs', key)) as BlobRow).state).toBe('wanted')
      stop()
      a.serve()
      expect(await row(a)).toMatchObject({ failures: 1 })
      b.timers.pass(60_000)
      lies(c, a, ({ request, head, bytes: sent }) => ({
        head,
        bytes: request.type === 'blob' ? sent?.with(5, 0xff) : sent,
      }))
      expect(await engine.fetchBlobs(alice.did, b.work())).toEqual({ fetched: 1, missing: 0, failed: 0 })
      expect(Buffer.compare(await b.storage.readBytes(blobBytesKey(alice.did, cid)), bytes)).toBe(0)
    }))

  it('are asked of nobody who is not there', () =>
    withEngine(async ({ b, alice, engine }) => {
      await expect(engine.fetchBlobs(alice.did, b.work())).rejects.toMatchObject({ code: 'sync.no-copy' })
    }))
})
