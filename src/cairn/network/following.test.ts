import { describe, expect, it } from 'vitest'
import { until } from '../../net/events/testing/channel-kit.ts'
import { createMessageReader, writeMessage } from '../../net/messages.ts'
import type { Peer } from '../../net/networker/model.ts'
import { createMemoryNetwork } from '../../net/testing/memory-net.ts'
import { repoTopic, type Topic } from '../../net/topics.ts'
import { tidAfter } from '../../repo/testing/generate.ts'
import { sha256, withLevel } from '../../storage/testing/node-host.ts'
import { headOf } from '../../sync/kept.ts'
import type { SentList } from '../../sync/packs/sent-list.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { rowsOf } from '../../sync/digests/testing/digest-kit.ts'
import { noteCopy } from '../../sync/peers/copy-rows.ts'
import { MAX_STORE_REQUEST, STORE_PROTOCOL, storeRequest } from '../../sync/store/messages.ts'
import { createTestTimers } from '../../sync/testing/timers.ts'
import { createFollowing, type Following, replicator } from './following.ts'
import { setListed } from './listed.ts'
import type { Running } from './parts.ts'

const DID = 'did:web:alice.example.org'
const FIRST = '3lmztkjyh2k2a'

const YEAR = 365 * 24 * 60 * 60_000

describe('a repo with many quick edits', () => {
  it('is told of to a store by one word at a time, of its last head last, and seldom', () =>
    withLevel(async (storage) => {
      const network = createMemoryNetwork()
      const timers = createTestTimers()
      const published: string[] = []
      const met: string[] = []
      const asked: (string | undefined)[] = []
      const over = new AbortController()
      const gate = Promise.withResolvers<void>()
      network.node('store').handle(STORE_PROTOCOL, async (stream) => {
        const request = await createMessageReader(stream, storeRequest, MAX_STORE_REQUEST).expect()
        asked.push(request.type === 'keep' ? request.rev : undefined)
        await gate.promise
        await writeMessage(stream, { type: 'states', states: [{ did: DID, state: 'kept' }] })
      })
      // What following does not use here is left out.
      const running = {
        host: { storage, timers, clock: timers.clock },
        node: { net: network.node('device') },
        networker: { configure: async () => {}, peers: [] },
        serving: { push: async () => {} },
        engine: { meet: async (_: unknown, dids: readonly string[]) => void met.push(...dids) },
        notices: { publish: (_: string, rev: string) => void published.push(rev), follow: () => {} },
        over: over.signal,
        connectedStores: () => ['store'],
        candidateOf: (peer: string) => ({ peer, addresses: [], kind: 'store' as const }),
      } as unknown as Running
      const following = createFollowing(running)
      await storage.write(rowsOf(DID, FIRST))
      await noteCopy(storage, DID, 'store', { kind: 'store', rev: FIRST, commit: 'any' })

      let rev = FIRST
      following.changed(DID)
      await until(() => asked.length === 1)
      for (let i = 1; i <= 50; i++) {
        rev = tidAfter(FIRST, i)
        await storage.write(rowsOf(DID, rev))
        following.changed(DID)
        if (i % 10 === 0) await until(() => published.at(-1) === rev)
      }
      expect(asked).toEqual([FIRST])
      met.length = 0
      gate.resolve()
      await until(() => met.length > 1)
      // It changed once more after the second word was due and before it was said: that makes a third.
      expect([...new Set(asked)]).toEqual([FIRST, rev])
      expect(asked.length).toBeLessThanOrEqual(3)
      expect(published.toSorted()).toEqual(published)
      following.stop()
      over.abort()
    }))
})

describe('a store within reach', () => {
  it('is asked now and then, also when the clock was ahead the last time', () =>
    withLevel(async (storage) => {
      const timers = createTestTimers()
      const met: string[] = []
      // What following does not use here is left out.
      const running = {
        host: { storage, timers, clock: timers.clock },
        engine: { meet: async ({ peer }: { readonly peer: string }) => void met.push(peer) },
        notices: { follow: () => {} },
        over: new AbortController().signal,
        connectedStores: () => ['store'],
        candidateOf: (peer: string) => ({ peer, addresses: [], kind: 'store' as const }),
      } as unknown as Running
      const following = createFollowing(running)
      following.meetStores()
      following.meetStores()
      expect(met).toEqual(['store'])
      timers.pass(-YEAR)
      following.meetStores()
      following.meetStores()
      expect(met).toEqual(['store', 'store'])
    }))
})

describe('a repo that is kept no more', () => {
  it('is followed at no store, and again when it is kept anew', () =>
    withLevel(async (storage) => {
      const timers = createTestTimers()
      const followed: string[] = []
      // What following does not use here is left out.
      const running = {
        host: { storage, timers, clock: timers.clock, random: () => 0 },
        networker: { configure: async () => {}, peers: [] },
        engine: { meet: async () => {} },
        notices: {
          publish: () => false,
          follow(store: string, dids: readonly string[]) {
            followed.push(...dids.map((did) => `${store} +${did}`))
            return (left: readonly string[]) => void followed.push(...left.map((did) => `${store} -${did}`))
          },
        },
        over: new AbortController().signal,
        connectedStores: () => ['store'],
        candidateOf: (peer: string) => ({ peer, addresses: [], kind: 'store' as const }),
      } as unknown as Running
      const following = createFollowing(running)
      await storage.write(rowsOf(DID, FIRST))
      following.changed(DID)
      await until(() => followed.length === 1)
      await storage.write([{ type: 'delete', table: 'repos', key: DID }])
      following.changed(DID)
      await until(() => followed.length === 2)
      await storage.write(rowsOf(DID, FIRST))
      following.changed(DID)
      await until(() => followed.length === 3)
      expect(followed).toEqual([`store +${DID}`, `store -${DID}`, `store +${DID}`])
      following.stop()
    }))
})

describe('a new head', () => {
  it('is told of with what leads to it, of listed copies, and a while later when it came from a peer', () =>
    withLevel(async (storage) => {
      const timers = createTestTimers()
      const published: [string, SentList | undefined][] = []
      const pauses: (() => void)[] = []
      // What following does not use here is left out.
      const running = {
        host: {
          ...{ storage, sha256, clock: timers.clock, random: () => 0 },
          timers: { after: (_ms: number, run: () => void) => (pauses.push(run), () => {}) },
        },
        networker: { configure: async () => {}, peers: [] },
        notices: {
          publish(_: string, rev: string, list?: () => SentList | undefined) {
            published.push([rev, list?.()])
            return true
          },
        },
        over: new AbortController().signal,
        connectedStores: () => [],
      } as unknown as Running
      const following = createFollowing(running)
      await storage.write(rowsOf(DID, FIRST))
      const before = (await headOf(storage, DID)) as SnapshotRow
      let last = FIRST
      const moved = (source: SnapshotRow['source']): boolean => {
        last = tidAfter(last, 1)
        const snapshot = { ...before, rev: last, commit: new Uint8Array(100), source }
        const list = { after: before.commitCid, pack: Uint8Array.of(source.length) }
        return following.moved({ did: DID, snapshot, before, news: () => list })
      }
      expect(moved('pds')).toBe(false)
      following.changed(DID)
      await until(() => published.length > 0)
      published.length = 0

      expect(moved('pds')).toBe(true)
      expect(published).toEqual([
        [last, { after: before.commitCid, pack: expect.any(Uint8Array) as Uint8Array }],
      ])
      published.length = 0
      for (let i = 0; i < 3; i++) expect(moved('peer')).toBe(false)
      expect(published).toEqual([])
      expect(pauses).toHaveLength(1)
      pauses.pop()?.()
      expect(published).toEqual([[last, expect.objectContaining({ after: before.commitCid })]])
      published.length = 0

      await setListed(storage, DID, false)
      await following.meetAnew(DID)
      expect(moved('pds')).toBe(true)
      expect(published).toEqual([[last, undefined]])
      following.stop()
    }))
})

describe('a peer that shares several repos and leaves one', () => {
  it('is followed no more in that one, and anew when it is shared again', async () => {
    const followed: string[] = []
    const [one, two] = [repoTopic('did:web:one.example.org'), repoTopic('did:web:two.example.org')]
    const names = new Map([
      [one, 'one'],
      [two, 'two'],
    ])
    // What it does not use here is left out.
    const running = {
      notices: {
        follow(_: string, dids: readonly string[]) {
          followed.push(...dids.map((did) => `+${did}`))
          return (left: readonly string[]) => void followed.push(...left.map((did) => `-${did}`))
        },
      },
      engine: { meet: async () => {} },
      candidateOf: (peer: string) => ({ peer, addresses: [], kind: 'device' as const }),
    } as unknown as Running
    const following = {
      didsOf: (topics: readonly Topic[]) => topics.flatMap((topic) => names.get(topic) ?? []),
    } as unknown as Following
    const { replicate, parted } = replicator(
      () => running,
      () => following,
    )
    let topics: readonly Topic[] = [one, two]
    const peer = {
      id: 'peer',
      get topics() {
        return topics
      },
    } as unknown as Peer
    const link = new AbortController()
    await replicate(peer, [one, two], link.signal)
    expect(followed.splice(0)).toEqual(['+one', '+two'])
    topics = [two]
    // What a repo is known by goes before its topic is left.
    names.delete(one)
    parted(peer, [one])
    expect(followed.splice(0)).toEqual(['-one'])
    // What was left before its turn came is not followed.
    names.set(one, 'one')
    await replicate(peer, [one], new AbortController().signal)
    expect(followed.splice(0)).toEqual([])
    topics = [one, two]
    await replicate(peer, [one], new AbortController().signal)
    expect(followed).toEqual(['+one'])
  })
})
