import { describe, expect, it } from 'vitest'
import { tidAfter } from '../../repo/testing/generate.ts'
import { until } from '../../net/events/testing/channel-kit.ts'
import { decodeMessage, writeMessage } from '../../net/messages.ts'
import { headOf } from '../kept.ts'
import { PAGES_PROTOCOL, requestShape } from '../pages/protocol.ts'
import { servePages } from '../pages/serve.ts'
import { type PagesNode, type PagesWorld, withNodes } from '../pages/testing/pages-kit.ts'
import { createPeerCalls } from '../peers/calls.ts'
import { type CopyRow, copyRows, noteCopy } from '../peers/copy-rows.ts'
import { type Candidate, createPeerEngine, type PeerCalls, type PeerEngine } from '../peers/engine.ts'
import { createNotices } from '../peers/notices.ts'
import type { TestAccount } from '../testing/account.ts'
import { createHeadComparison } from './asking.ts'
import { DIGESTS_PROTOCOL } from './protocol.ts'
import { serveDigests } from './serve.ts'
import { rowsOf, watched, type Wire } from './testing/digest-kit.ts'

const REV = '3lmztkjyh2k2a'

interface Kit extends PagesWorld {
  /** whoever has something */
  readonly a: PagesNode
  /** whoever asks */
  readonly b: PagesNode
  /** whose repo is whole on both; of the others there are rows that say so, and nothing else */
  readonly alice: TestAccount
  readonly dids: readonly string[]
  readonly engine: PeerEngine
  readonly wire: Wire
  readonly candidate: Candidate
  /** repos that were pulled, in order */
  readonly pulls: string[]
  /** repos whose copies were said to be others */
  readonly copies: string[]
  readonly stopDigests: () => void
  readonly row: (did: string) => Promise<CopyRow | undefined>
}

interface Options {
  readonly repos: number
  readonly mayTell?: (peer: string, did: string) => boolean
  readonly calls?: (calls: PeerCalls) => PeerCalls
}

/** Two devices that keep the same repos; an engine on the second. */
async function withTwo(
  { repos, mayTell, calls: through = (it) => it }: Options,
  use: (kit: Kit) => Promise<void>,
): Promise<void> {
  await withNodes(2, async (world) => {
    const [a, b] = world.nodes
    if (a === undefined || b === undefined) throw new Error('two nodes')
    const alice = await world.pds.account({ name: 'alice', records: 3 })
    const others = Array.from({ length: repos - 1 }, (_, i) => `did:web:${i}.example.org`)
    for (const { storage, backUp } of [a, b]) {
      await backUp(alice.did)
      await storage.write(others.flatMap((did) => rowsOf(did, REV)))
    }
    a.serve()
    const { storage, timers, host } = a
    const stopDigests = a.net.handle(DIGESTS_PROTOCOL, serveDigests({ storage, timers, sha256: host.sha256 }))
    const wire = watched(b.net)
    const pulls: string[] = []
    const copies: string[] = []
    const calls = createPeerCalls({
      host: b.host,
      endpoints: async () => world.pds.endpoints,
      net: wire.net,
      lookup: async () => [],
    })
    const engine = createPeerEngine({
      host: b.host,
      calls: through(calls),
      comparison: createHeadComparison({
        ...{ host: b.host, net: wire.net },
        ...(mayTell === undefined ? {} : { mayTell }),
      }),
      runPull(did, run) {
        pulls.push(did)
        return run(b.work())
      },
      onCopies: (did) => void copies.push(did),
    })
    const candidate: Candidate = { peer: a.id, addresses: [], kind: 'device' }
    try {
      await use({
        ...world,
        ...{ a, b, alice, engine, wire, candidate, pulls, copies, stopDigests },
        dids: [alice.did, ...others],
        row: async (did) => (await copyRows(b.storage, did)).find((it) => it.peer === a.id),
      })
    } finally {
      await engine.close()
    }
  })
}

const first = <T>([it]: readonly T[]): T => {
  if (it === undefined) throw new Error('none')
  return it
}

describe('two devices with the same 50 repos', () => {
  it('cost each other one exchange while nothing changes, and little more for one that did', () =>
    withTwo({ repos: 50 }, async ({ a, b, alice, dids, engine, wire, candidate, pulls, copies, row }) => {
      for (const known of [false, true]) {
        wire.forget()
        copies.length = 0
        b.timers.pass(1000)
        await engine.meet(candidate, dids)
        await engine.idle()
        expect(wire.asked(DIGESTS_PROTOCOL), String(known)).toHaveLength(1)
        expect(wire.asked(PAGES_PROTOCOL)).toEqual([])
        expect(wire.sent() + wire.came()).toBeLessThan(3 * 1024)
        // Each is told of once: nothing was looked at again.
        expect(copies.toSorted()).toEqual(dids.toSorted())
        for (const did of dids)
          expect(await row(did)).toMatchObject({
            ...{ rev: did === alice.did ? alice.repo.rev : REV, partial: false, failures: 0, kind: 'device' },
            answeredAt: b.timers.clock.now(),
            saidAt: b.timers.clock.now(),
          })
      }
      expect(pulls).toEqual([])

      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      wire.forget()
      await engine.meet(candidate, dids)
      await engine.idle()
      expect(pulls).toEqual([alice.did])
      expect((await headOf(b.storage, alice.did))?.rev).toBe(alice.repo.rev)
      expect(wire.asked(DIGESTS_PROTOCOL)).toHaveLength(1)
      expect(first(wire.answered(DIGESTS_PROTOCOL)).length).toBeLessThan(250)
    }))
})

describe('a peer', () => {
  it('that does not speak of digests is asked for heads, with the same outcome', () =>
    withTwo({ repos: 4 }, async ({ a, b, alice, dids, engine, wire, candidate, stopDigests, pulls, row }) => {
      stopDigests()
      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      await engine.meet(candidate, dids)
      await engine.idle()
      expect(wire.asked(DIGESTS_PROTOCOL)).toEqual([])
      expect(pulls).toEqual([alice.did])
      expect((await headOf(b.storage, alice.did))?.rev).toBe(alice.repo.rev)
      for (const did of dids)
        expect(await row(did)).toMatchObject({ rev: did === alice.did ? alice.repo.rev : REV })
    }))

  it('that refuses them is asked for heads, but not one that is busy', () =>
    withTwo({ repos: 3 }, async ({ a, dids, engine, wire, candidate, stopDigests, row }) => {
      stopDigests()
      let refused = 'never-heard-of'
      a.net.handle(DIGESTS_PROTOCOL, (stream) => writeMessage(stream, { refused }))
      await engine.meet(candidate, dids)
      expect(wire.asked(PAGES_PROTOCOL)).toHaveLength(1)
      expect(await row(first(dids))).toBeDefined()
      refused = 'too-many'
      await expect(engine.meet(candidate, dids)).rejects.toMatchObject({ code: 'net.refused' })
      expect(wire.asked(PAGES_PROTOCOL)).toHaveLength(1)
    }))

  it('is asked about one repo for its head', () =>
    withTwo({ repos: 1 }, async ({ dids, engine, wire, candidate }) => {
      await engine.meet(candidate, dids)
      expect(wire.asked(DIGESTS_PROTOCOL)).toEqual([])
      expect(wire.asked(PAGES_PROTOCOL)).toHaveLength(1)
    }))

  it('is not told by the question which head is kept here where it may not know', () =>
    withTwo({ repos: 3, mayTell: () => false }, async ({ alice, dids, engine, wire, candidate, row }) => {
      await engine.meet(candidate, dids)
      const [request] = wire.asked(DIGESTS_PROTOCOL)
      // Digests of nothing, so it tells of all three.
      expect(Buffer.from(request ?? []).includes(Buffer.alloc(48))).toBe(true)
      for (const did of dids)
        expect(await row(did)).toMatchObject({ rev: did === alice.did ? alice.repo.rev : REV })
      wire.forget()
      // What it said itself is no secret to it.
      await engine.meet(candidate, dids)
      expect(first(wire.answered(DIGESTS_PROTOCOL)).length).toBeLessThan(32)
    }))

  it('that failed meanwhile is not forgiven by what it says, and what was deleted leaves nothing', () =>
    withTwo({ repos: 3 }, async ({ a, b, dids, engine, candidate, stopDigests, row }) => {
      await engine.meet(candidate, dids)
      const [failed, gone] = dids as [string, string]
      stopDigests()
      const serve = serveDigests({ storage: a.storage, timers: a.timers, sha256: a.host.sha256 })
      a.net.handle(DIGESTS_PROTOCOL, async (stream) => {
        await noteCopy(b.storage, failed, a.id, { failures: 3, failure: 'repo.bad-hash', retryAt: 9e15 })
        await b.storage.write([
          { type: 'delete', table: 'repos', key: gone },
          { type: 'delete', table: 'copies', key: `${gone}/${a.id}` },
        ])
        await serve(stream)
      })
      await engine.meet(candidate, dids)
      expect(await row(failed)).toMatchObject({ failures: 3, failure: 'repo.bad-hash', retryAt: 9e15 })
      expect(await row(gone)).toBeUndefined()
      expect(await row(dids[2] ?? '')).toBeDefined()
    }))
})

describe('a repo that changes often', () => {
  /** Both follow what the other says of the repo; `heard` has each word that came. */
  const withNotices = async (
    { a, engine, wire, candidate, dids }: Kit,
    use: (notices: {
      readonly publish: (did: string, rev: string) => void
      readonly heard: string[]
    }) => Promise<void>,
  ): Promise<void> => {
    const heard: string[] = []
    const host = { timers: { after: () => () => {} }, clock: a.timers.clock, random: () => 0 }
    const theirs = createNotices({ net: a.net, host, mayRead: () => true, onNews: () => {} })
    const ours = createNotices({
      ...{ net: wire.net, host, mayRead: () => true },
      onNews(_, did) {
        heard.push(did)
        void engine.meet(candidate, [did]).catch(() => {})
      },
    })
    const over = new AbortController()
    try {
      ours.follow(a.id, dids, over.signal)
      // It begins by saying that there may be news.
      await until(() => heard.length === dids.length)
      await engine.idle()
      heard.length = 0
      wire.forget()
      await use({ publish: theirs.publish, heard })
    } finally {
      over.abort()
      await Promise.all([ours.close(), theirs.close()])
    }
  }

  it('is asked for a few times for 50 words in a row, and pulled once', () =>
    withTwo({ repos: 1 }, async (kit) => {
      const { a, b, alice, engine, wire, pulls } = kit
      await withNotices(kit, async ({ publish, heard }) => {
        alice.commit({ create: 1 })
        await a.backUp(alice.did)
        for (let i = 0; i < 50; i++) publish(alice.did, tidAfter(alice.repo.rev, i))
        await until(() => heard.length === 50)
        await engine.idle()
        const asked = wire.asked(PAGES_PROTOCOL).map((it) => decodeMessage(it, requestShape, b.id).type)
        expect(asked.filter((type) => type === 'heads').length).toBeGreaterThan(0)
        expect(asked.filter((type) => type === 'heads').length).toBeLessThanOrEqual(3)
        expect(pulls).toEqual([alice.did])
        expect((await headOf(b.storage, alice.did))?.rev).toBe(alice.repo.rev)
      })
    }))

  it('is pulled once more for 50 edits that come while it is pulled, and its last head is reached', () => {
    const gate = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    const slow = (calls: PeerCalls): PeerCalls => ({
      ...calls,
      async pull(...input) {
        const pulled = await calls.pull(...input)
        began.resolve()
        await gate.promise
        return pulled
      },
    })
    return withTwo({ repos: 1, calls: slow }, async (kit) => {
      const { a, b, alice, engine, pulls } = kit
      await withNotices(kit, async ({ publish, heard }) => {
        for (let i = 0; i < 50; i++) {
          alice.commit({ create: 1 })
          await a.backUp(alice.did)
          publish(alice.did, alice.repo.rev)
          if (i === 0) await began.promise
        }
        await until(() => heard.length === 50)
        gate.resolve()
        await engine.idle()
        expect(pulls).toEqual([alice.did, alice.did])
        expect((await headOf(b.storage, alice.did))?.rev).toBe(alice.repo.rev)
      })
    })
  })

  it('is asked for again where the peer was too busy to say what it has', () =>
    withTwo({ repos: 1 }, async (kit) => {
      const { a, b, alice, engine, pulls } = kit
      await withNotices(kit, async ({ publish }) => {
        alice.commit({ create: 1 })
        await a.backUp(alice.did)
        let refused = 0
        const serve = servePages({ storage: a.storage, timers: a.timers })
        a.net.handle(PAGES_PROTOCOL, (stream) => {
          if (refused === 3) return serve(stream)
          refused++
          return writeMessage(stream, { refused: 'too-many' })
        })
        publish(alice.did, alice.repo.rev)
        await until(() => refused === 3 && pulls.length > 0)
        await engine.idle()
        expect((await headOf(b.storage, alice.did))?.rev).toBe(alice.repo.rev)
      })
    }))

  it('is asked for anew once the peer begins to tell of it', () =>
    withTwo({ repos: 1 }, async (kit) => {
      const { a, b, alice, engine, candidate, dids } = kit
      await engine.meet(candidate, dids)
      // Nobody follows yet, so nobody is told.
      alice.commit({ create: 1 })
      await a.backUp(alice.did)
      await withNotices(kit, async () => {
        expect((await headOf(b.storage, alice.did))?.rev).toBe(alice.repo.rev)
      })
    }))
})
