import { readChunks } from '../../core/chunk-reader.ts'
import { describe, expect, it } from 'vitest'
import { blobKey } from '../../storage/rows.ts'
import { takeIn } from '../../sync/take-in.ts'
import { drain } from '../../sync/transfer.ts'
import { contents, tracesOf, wanted } from '../../sync/testing/sync-kit.ts'
import { fail } from '../../sync/testing/faults.ts'
import { send } from '../../sync/testing/local-pds.ts'
import { LIVED_FOR } from './eviction.ts'
import type { Store } from './model.ts'
import { everyKey, withStoreKit } from './testing/store-kit.ts'

const peer = (name: string, token?: string) => ({ by: { peer: name, token } })
const DAY = 86_400_000
const operator = { by: 'operator' } as const

describe('a store', () => {
  it('keeps a repo that a peer asked for, proven, and has it after a restart', () =>
    withStoreKit(async ({ pds, open }) => {
      const alice = await pds.account({ name: 'alice' })
      const blob = alice.addBlob(new TextEncoder().encode('a picture'))
      const store = await open()
      const kept = await store.keep(alice.did, peer('p1'))
      expect(kept).toMatchObject({
        did: alice.did,
        handle: 'alice.test',
        rev: alice.repo.rev,
        askers: ['p1'],
      })
      await store.idle()
      const again = await open()
      await again.idle()
      const head = await again.head(alice.did)
      if (head === undefined) throw new Error('not kept')
      expect(await contents(again.storage, head.head)).toEqual(wanted(alice.repo))
      expect(head.head.signature).toBe('current-key')
      expect(await again.storage.get('blobs', `${alice.did}/${blob}`)).toMatchObject({ state: 'kept' })
      expect(again.usage()).toMatchObject({ repos: 1, peers: 1 })
      expect(again.didOf('alice.test')).toBe(alice.did)
    }))

  it('counts the same bytes when it is opened as it counted while it wrote', () =>
    withStoreKit(async ({ pds, open, timers }) => {
      const store = await open()
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      alice.addBlob(new Uint8Array(50_000))
      await store.keep(alice.did, peer('p1'))
      await store.keep(bob.did, operator)
      await store.idle()
      for (let i = 0; i < 12; i++) {
        alice.commit({ create: 3, update: 2, delete: 1 })
        timers.pass(2 * 60 * 60_000)
        await store.refresh(alice.did)
        await store.idle()
      }
      await store.drop(bob.did, 'operator')
      const { bytes } = store.usage()
      expect(bytes).toBeGreaterThan(50_000)
      // Old snapshots went on the way.
      expect((await store.storage.keys('snapshots')).length).toBeLessThan(12)
      expect((await open()).usage().bytes).toBe(bytes)
    }))

  it('looks once more, soon, when a peer says right after an update that it holds something newer', () =>
    withStoreKit(async ({ pds, open, timers }) => {
      const alice = await pds.account({ name: 'alice' })
      const store = await open()
      await store.keep(alice.did, peer('p1'))
      await store.idle()
      alice.commit({ create: 1 })
      timers.pass(1_000)
      await store.keep(alice.did, { ...peer('p1'), rev: alice.repo.rev })
      // what is left of the five seconds, which the timers of the kit sleep through at once
      await expect.poll(async () => (await store.head(alice.did))?.head.rev).toBe(alice.repo.rev)
      expect(timers.slept).toContain(4_000)
    }))

  it('asks again, and fetches blobs, after a clock that was years ahead is put right', () =>
    withStoreKit(async ({ pds, open, timers, logged }) => {
      const alice = await pds.account({ name: 'alice' })
      const store = await open()
      timers.pass(5 * 365 * DAY)
      await store.keep(alice.did, peer('p1'))
      await store.idle()
      timers.pass(-5 * 365 * DAY)
      alice.commit({ create: 1 })
      await store.keep(alice.did, peer('p1'))
      expect((await store.head(alice.did))?.head.rev).toBe(alice.repo.rev)
      const cid = alice.addBlob(new TextEncoder().encode('late'))
      await store.refresh(alice.did)
      await store.idle()
      await expect
        .poll(() => store.storage.get('blobs', blobKey(alice.did, cid)))
        .toMatchObject({ state: 'kept' })
      expect(logged.filter(({ event }) => event.endsWith('failed'))).toEqual([])
      expect(timers.slept.filter((ms) => ms > DAY)).toEqual([])
    }))

  it('that cannot look once more, because enough wait already, says so in its log', () =>
    withStoreKit(async ({ pds, open, logged }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      const store = await open({ limits: { atOnce: 1, waiting: 0 } })
      await store.keep(alice.did, peer('p1'))
      await store.idle()
      const held = Promise.withResolvers<() => void>()
      pds.next('getRepo', (response, serve) => held.resolve(() => send(response, serve())))
      const other = store.keep(bob.did, peer('p1'))
      const release = await held.promise
      alice.commit({ create: 1 })
      await store.keep(alice.did, { ...peer('p1'), rev: alice.repo.rev })
      const refused = { event: 'store.update-failed', did: alice.did, code: 'store.limit' }
      await expect.poll(() => logged).toContainEqual(refused)
      release()
      await other
    }))

  it('takes a handle, and a file with its identity, from the operator', () =>
    withStoreKit(async ({ pds, open }) => {
      const alice = await pds.account({ name: 'alice' })
      const bob = await pds.account({ name: 'bob' })
      const store = await open()
      expect(await store.keep('@alice.test', operator)).toMatchObject({
        did: alice.did,
        askers: ['operator'],
      })
      const file = new Blob([...bob.repo.car()])
      expect(await store.keep({ file, name: 'bob.car' }, operator)).toMatchObject({ did: bob.did })
    }))

  it('never shows a head that nothing proves', () =>
    withStoreKit(async ({ pds, open }) => {
      const alice = await pds.account({ name: 'alice' })
      const store = await open()
      const before = await everyKey(store)
      pds.offline = true
      const file = new Blob([...alice.repo.car()])
      await expect(store.keep({ file, name: 'a.car' }, operator)).rejects.toMatchObject({
        code: 'store.unproven',
      })
      expect(await everyKey(store)).toEqual(before)
      expect(await store.list()).toEqual([])
    }))

  it('asks the peer when the server is away, and proves what it gets', () =>
    withStoreKit(async ({ pds, open }) => {
      const alice = await pds.account({ name: 'alice' })
      const asked: unknown[] = []
      const store = await open({
        async pull(host, from, work) {
          asked.push(from)
          const feed = new Blob([...alice.repo.car()])
          await takeIn(host, pds.endpoints, {
            did: from.did,
            source: 'peer',
            label: from.peer,
            work,
            feed: (session) => drain(session, readChunks(feed.stream()), work),
          })
        },
      })
      pds.always('getRepo', fail(500))
      const kept = await store.keep(alice.did, { ...peer('p1'), relays: ['https://relay.test'] })
      expect(asked).toEqual([{ did: alice.did, peer: 'p1', relays: ['https://relay.test'] }])
      expect(kept.rev).toBe(alice.repo.rev)
    }))

  it('leaves nothing of a repo that could not be had, and goes on with one that a stop cut off', () =>
    withStoreKit(async ({ pds, open }) => {
      const alice = await pds.account({ name: 'alice' })
      const store = await open()
      const before = await everyKey(store)
      pds.always('getRepo', fail(500))
      await expect(store.keep(alice.did, peer('p1'))).rejects.toMatchObject({ code: 'pds.http' })
      expect(await everyKey(store)).toEqual(before)
      expect(await store.states([alice.did])).toMatchObject([{ state: 'failed', error: 'pds.http' }])

      const begun = Promise.withResolvers<void>()
      pds.always('getRepo', () => begun.resolve())
      const cut = store.keep(alice.did, peer('p1'))
      await begun.promise
      const [end] = await Promise.all([cut.catch((error: unknown) => error), store.close()])
      expect(end).toMatchObject({ code: 'pds.cancelled' })
      pds.always('getRepo', undefined)
      const again = await open()
      await again.idle()
      expect(await again.list()).toMatchObject([{ did: alice.did, rev: alice.repo.rev, askers: ['p1'] }])
    }))

  it('goes on at a start although what it has of one cannot be read', () =>
    withStoreKit(async ({ pds, open, logged }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      const store = await open()
      await store.keep(alice.did, peer('p1'))
      await store.idle()
      const begun = Promise.withResolvers<void>()
      pds.always('getRepo', () => begun.resolve())
      const cut = store.keep(bob.did, peer('p1')).catch(() => {})
      await begun.promise
      const row = { type: 'put', table: 'segments', key: `${alice.did}/ffffffff`, value: null } as const
      await store.storage.write([row])
      await Promise.all([cut, store.close()])
      pds.always('getRepo', undefined)
      const again = await open()
      await again.idle()
      expect(logged).toContainEqual(expect.objectContaining({ event: 'store.settle-failed', did: alice.did }))
      expect((await again.list()).map(({ did }) => did).sort()).toEqual([alice.did, bob.did].sort())
    }))

  it('gives a repo up when the last who asked for it drops it', () =>
    withStoreKit(async ({ pds, open }) => {
      const alice = await pds.account({ name: 'alice' })
      alice.addBlob(new Uint8Array(9000))
      const store = await open()
      const before = { bytes: store.usage().bytes, keys: await everyKey(store) }
      await store.keep(alice.did, peer('p1'))
      await store.keep(alice.did, peer('p2'))
      await store.idle()
      await store.drop(alice.did, { peer: 'p1' })
      expect(await store.list()).toHaveLength(1)
      await expect(store.drop(alice.did, { peer: 'p3' })).rejects.toMatchObject({ code: 'store.not-kept' })
      await store.drop(alice.did, { peer: 'p2' })
      expect(await tracesOf(store.storage, alice.did, ['repos', 'snapshots', 'identities', 'meta'])).toEqual(
        [],
      )
      expect({ bytes: store.usage().bytes, keys: await everyKey(store) }).toEqual(before)
    }))
})

describe('admission', () => {
  it('by token lets in whoever says it', () =>
    withStoreKit(async ({ pds, open }) => {
      const alice = await pds.account({ name: 'alice' })
      const store = await open({ admission: { mode: 'token', tokens: ['stone', 'cairn'] } })
      for (const token of [undefined, '', 'ston'])
        await expect(store.keep(alice.did, peer('p1', token))).rejects.toMatchObject({
          code: 'store.not-admitted',
          fields: { reason: 'token' },
        })
      expect(pds.asked).toEqual([])
      await store.keep(alice.did, peer('p1', 'cairn'))
      await store.keep(alice.did, operator)
      // Said once: the device that tells of a newer head later has no token at hand.
      await store.keep(alice.did, peer('p1'))
      for (const by of [peer('p1', 'ston'), peer('p2')])
        await expect(store.keep(alice.did, by)).rejects.toMatchObject({ code: 'store.not-admitted' })
    }))

  it('by list lets in listed peers, and anyone for listed repos', () =>
    withStoreKit(async ({ pds, open }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      const store = await open({ admission: { mode: 'allow-list', peers: ['friend'], dids: [bob.did] } })
      await expect(store.keep(alice.did, peer('stranger'))).rejects.toMatchObject({
        code: 'store.not-admitted',
        fields: { reason: 'not-listed' },
      })
      await store.keep(alice.did, peer('friend'))
      await store.keep(bob.did, peer('stranger'))
    }))
})

describe('the cap', () => {
  /** What one small repo takes. */
  const sizeOf = async (store: Store, did: string): Promise<number> => {
    const bytes = (await store.list()).find((it) => it.did === did)?.bytes
    if (bytes === undefined) throw new Error('not kept')
    return bytes
  }

  it('stops a transfer that would pass it, and nothing else changes', () =>
    withStoreKit(async ({ pds, open }) => {
      const alice = await pds.account({ name: 'alice' })
      const large = await pds.account({ name: 'large', records: 3000 })
      const first = await open()
      await first.keep(alice.did, peer('p1'))
      const limit = first.usage().bytes + 500_000
      const store = await open({ limits: { bytes: limit } })
      await store.idle()
      const before = await everyKey(store)
      await expect(store.keep(large.did, peer('p2'))).rejects.toMatchObject({ code: 'store.full' })
      await expect(store.keep(large.did, operator)).rejects.toMatchObject({ code: 'store.full' })
      expect(await everyKey(store)).toEqual(before)
      expect(store.usage().bytes).toBeLessThanOrEqual(limit)
      expect((await store.list()).map((it) => it.did)).toEqual([alice.did])
    }))

  it('of a peer stops its transfers and nobody else’s', () =>
    withStoreKit(async ({ pds, open }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      const measure = await open()
      await measure.keep(alice.did, peer('p1'))
      const size = await sizeOf(measure, alice.did)
      const store = await open({ limits: { bytesPerPeer: Math.floor(size * 1.5) } })
      await expect(store.keep(bob.did, peer('p1'))).rejects.toMatchObject({ code: 'store.quota' })
      await store.keep(bob.did, peer('p2'))
      expect(await store.list()).toHaveLength(2)
    }))

  it('makes room from what nobody asked for lately, the oldest first, and only as much as is needed', () =>
    withStoreKit(async ({ pds, open, timers, logged }) => {
      const names = ['a', 'b', 'c', 'd']
      const accounts = await Promise.all(names.map((name) => pds.account({ name })))
      const [a, b, c, d] = accounts.map((it) => it.did)
      if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error('four')
      const measure = await open({ blobs: false })
      await measure.keep(b, peer('p1'))
      await measure.keep(a, peer('p1'))
      await measure.keep(c, operator)
      const limit = measure.usage().bytes + 64 * 1024 + 2000
      const store = await open({ limits: { bytes: limit }, blobs: false })
      await store.idle()
      // All are still asked for: a newcomer displaces nobody.
      await expect(store.keep(d, peer('p2'))).rejects.toMatchObject({ code: 'store.full' })
      expect(await store.list()).toHaveLength(3)
      timers.pass(LIVED_FOR + 1)
      await store.keep(b, peer('p1'))
      await store.keep(d, peer('p2'))
      expect((await store.list()).map((it) => it.did).sort()).toEqual([b, c, d].sort())
      expect(logged.filter((it) => it.event === 'store.evicted').map((it) => it['did'])).toEqual([a])
      expect(store.usage().bytes).toBeLessThanOrEqual(limit)
    }))

  it('lets the operator displace what peers ask for, never the reverse', () =>
    withStoreKit(async ({ pds, open }) => {
      const [a, b] = [await pds.account({ name: 'a' }), await pds.account({ name: 'b' })]
      const store = await open({ limits: { repos: 1 } })
      await store.keep(a.did, peer('p1'))
      await expect(store.keep(b.did, peer('p2'))).rejects.toMatchObject({
        code: 'store.limit',
        fields: { what: 'repos' },
      })
      await store.keep(b.did, operator)
      expect((await store.list()).map((it) => it.did)).toEqual([b.did])
      await expect(store.keep(a.did, operator)).rejects.toMatchObject({ code: 'store.limit' })
    }))

  it('counts the repos of a peer', () =>
    withStoreKit(async ({ pds, open }) => {
      const [a, b] = [await pds.account({ name: 'a' }), await pds.account({ name: 'b' })]
      const store = await open({ limits: { reposPerPeer: 1 } })
      await store.keep(a.did, peer('p1'))
      await store.keep(a.did, peer('p1'))
      await expect(store.keep(b.did, peer('p1'))).rejects.toMatchObject({
        code: 'store.limit',
        fields: { what: 'repos-of-peer', limit: 1 },
      })
      await store.keep(b.did, peer('p2'))
    }))
})

describe('many at once', () => {
  it('pass no cap, and each ends with its repo or with a reason', () =>
    withStoreKit(async ({ pds, open }) => {
      const names = ['a', 'b', 'c', 'd', 'e', 'f']
      const accounts = await Promise.all(names.map((name) => pds.account({ name, records: 150 })))
      const measure = await open()
      await measure.keep(accounts[0]?.did ?? '', peer('p0'))
      const limit = 64 * 1024 + Math.floor(measure.usage().bytes * 3.5)
      let most = 0
      const store: Store = await open({
        limits: { bytes: limit, atOnce: 4 },
        onChange: () => (most = Math.max(most, store.usage().bytes)),
      })
      const ends = await Promise.allSettled(accounts.map(({ did }, i) => store.keep(did, peer(`p${i}`))))
      await store.idle()
      const kept = await store.list()
      expect(kept.length).toBeGreaterThanOrEqual(2)
      expect(kept.length).toBeLessThanOrEqual(3)
      expect(ends.filter((it) => it.status === 'fulfilled')).toHaveLength(kept.length)
      for (const end of ends)
        if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'store.full' })
      expect(Math.max(most, store.usage().bytes)).toBeLessThanOrEqual(limit)
      // What was refused left nothing: the books and the disk agree.
      expect((await open()).usage().bytes).toBe(store.usage().bytes)
    }))

  it('of one repo share one transfer, and more than may wait are refused', () =>
    withStoreKit(async ({ pds, open }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      const store = await open({ limits: { atOnce: 1, waiting: 0 }, blobs: false })
      const gate = Promise.withResolvers<void>()
      const begun = Promise.withResolvers<void>()
      pds.next('getRepo', (response, serve) => {
        begun.resolve()
        void gate.promise.then(() => {
          const { body } = serve()
          response.writeHead(200, { 'content-length': body.length }).end(body)
        })
      })
      const all = [store.keep(alice.did, peer('p1')), store.keep(alice.did, peer('p2'))]
      await begun.promise
      await expect(store.keep(bob.did, peer('p3'))).rejects.toMatchObject({
        code: 'store.limit',
        fields: { what: 'waiting' },
      })
      gate.resolve()
      await Promise.all(all)
      expect(pds.asked.filter((it) => it === 'getRepo')).toHaveLength(1)
      expect((await store.list()).map((it) => [it.did, it.askers.toSorted()])).toEqual([
        [alice.did, ['p1', 'p2']],
      ])
      // Nobody's wish is left behind by a refusal.
      expect(store.usage().peers).toBe(2)
    }))

  it('gives nothing up for what says beforehand that it is too large', () =>
    withStoreKit(async ({ pds, open, timers }) => {
      const [alice, large] = [
        await pds.account({ name: 'alice' }),
        await pds.account({ name: 'large', records: 3000 }),
      ]
      const measure = await open()
      await measure.keep(alice.did, peer('p1'))
      const store = await open({ limits: { bytes: measure.usage().bytes + 100_000 } })
      await store.idle()
      timers.pass(LIVED_FOR + 1)
      await expect(store.keep(large.did, peer('p2'))).rejects.toMatchObject({ code: 'store.full' })
      expect((await store.list()).map((it) => it.did)).toEqual([alice.did])
    }))
})
