import { describe, expect, it } from 'vitest'
import type { Net, StreamHandler } from '../../net/net.ts'
import { createMemoryNetwork } from '../../net/testing/memory-net.ts'
import { writeCar } from '../../repo/testing/car.ts'
import { deleteSnapshot } from '../keep.ts'
import { headOf, keptIdentity, repoRow, snapshotsOf } from '../kept.ts'
import { contents, expectNothingTwice, storedBlocks, wanted } from '../testing/sync-kit.ts'
import { REPO_SYNC_PROTOCOL } from './protocol.ts'
import { pullRepoSync } from './pull.ts'
import { serveRepoSync } from './serve.ts'
import { type Device, realTimers, withTwoDevices } from './testing/two-devices.ts'
import type { Identity } from '../../pds/identity.ts'

/** The giver serves; `between` may stand in the way of its streams. */
function connect(giver: Device, between: (handler: StreamHandler) => StreamHandler = (it) => it) {
  const network = createMemoryNetwork()
  const [there, here] = [network.node('giver'), network.node('taker')]
  const sent = { bytes: 0, requests: 0 }
  const handler = serveRepoSync({
    storage: giver.storage,
    timers: realTimers,
    onSent: (_peer, _did, bytes) => void (sent.bytes += bytes),
  })
  const counted: StreamHandler = (stream) => {
    sent.requests++
    return handler(stream)
  }
  there.handle(REPO_SYNC_PROTOCOL, between(counted))
  return { net: here, network, sent }
}

async function pull(taker: Device, net: Net, did: string, identity?: Identity) {
  taker.timers.pass(1000)
  const work = taker.work()
  const result = await pullRepoSync(taker.host, taker.pds.endpoints, net, {
    did,
    peer: 'giver',
    label: '@alice',
    work,
    identity,
  })
  return { ...result, work }
}

/** Breaks a stream after so many bytes of the answer. */
const cutAfter =
  (bytes: number): ((handler: StreamHandler) => StreamHandler) =>
  (handler) =>
  (stream) => {
    let sent = 0
    return handler({
      ...stream,
      async write(chunk) {
        sent += chunk.length
        if (sent > bytes) stream.abort()
        await stream.write(chunk)
      },
    })
  }

describe('a repo from a peer', () => {
  it('is proven and kept, as from its own server', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 3000 })
      await giver.backUp(alice.did)
      const { net } = connect(giver)
      const { snapshot, before, work } = await pull(taker, net, alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(before).toBeUndefined()
      expect(snapshot).toMatchObject({ source: 'peer', signature: 'current-key', rev: alice.repo.rev })
      expect(await contents(taker.storage, snapshot)).toEqual(wanted(alice.repo))
      expect(work.reports.map((it) => it.phase)).toEqual(
        expect.arrayContaining(['connecting', 'receiving', 'saving']),
      )
      expect(await taker.storage.count('imports')).toBe(0)
    }))

  it('is proven offline by an identity that the peer hands over, and unchecked without one', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      await giver.backUp(alice.did)
      await giver.backUp(bob.did)
      pds.offline = true
      const { net } = connect(giver)
      const identity = await keptIdentity(giver.storage, await headOf(giver.storage, alice.did))
      expect((await pull(taker, net, alice.did, identity)).snapshot).toMatchObject({
        signature: 'current-key',
        signedBy: alice.repo.didKey,
      })
      expect((await pull(taker, net, bob.did)).snapshot).toMatchObject({ signature: 'unchecked' })
    }))

  it('that is kept comes as what changed since, and shares the rest', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 2000 })
      await giver.backUp(alice.did)
      const { net, sent } = connect(giver)
      await pull(taker, net, alice.did)
      const whole = sent.bytes
      const stored = (await storedBlocks(taker.storage, alice.did)).length
      const edited = alice.commit({
        create: 3,
        update: 3,
        delete: 4,
      })
      await giver.backUp(alice.did)
      sent.bytes = 0
      sent.requests = 0
      const { snapshot } = await pull(taker, net, alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(await contents(taker.storage, snapshot)).toEqual(wanted(edited))
      expect(sent.requests).toBe(1)
      expect(sent.bytes).toBeLessThan(whole / 10)
      await expectNothingTwice(taker.storage, alice.did)
      expect((await storedBlocks(taker.storage, alice.did)).length - stored).toBeLessThan(60)
    }))

  it('may have the bytes of a kept record under another path too', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 150 })
      await giver.backUp(alice.did)
      const { net } = connect(giver)
      await pull(taker, net, alice.did)
      const [copyOf = '', moved = ''] = alice.repo.records.map((it) => it.path)
      const edited = alice.commit({
        create: [
          { path: 'app.bsky.feed.post/3zzzzzzzzzzzz', copyOf },
          { path: 'app.bsky.feed.post/3zzzzzzzzzzz2', copyOf: moved },
        ],
        delete: [moved],
      })
      await giver.backUp(alice.did)
      const { snapshot } = await pull(taker, net, alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(await contents(taker.storage, snapshot)).toEqual(wanted(edited))
    }))

  it('that is kept as it is moves no more than its commit', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 300 })
      await giver.backUp(alice.did)
      const { net, sent } = connect(giver)
      await pull(taker, net, alice.did)
      sent.bytes = 0
      expect((await pull(taker, net, alice.did)).snapshot).toBeUndefined()
      expect(sent.bytes).toBeLessThan(500)
      expect(await snapshotsOf(taker.storage, alice.did)).toHaveLength(1)
      expect(await taker.storage.count('imports')).toBe(0)
    }))

  it('comes whole when the peer never held what is kept here', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 4000 })
      await taker.backUp(alice.did)
      const edited = alice.commit({ create: 5, update: 5, delete: 5 })
      await giver.backUp(alice.did)
      const { net, sent } = connect(giver)
      const { snapshot } = await pull(taker, net, alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(await contents(taker.storage, snapshot)).toEqual(wanted(edited))
      expect(sent.requests).toBeLessThanOrEqual(2)
      await expectNothingTwice(taker.storage, alice.did)
    }))

  it('is asked for whole when the answer to since lacks something', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 120 })
      await taker.backUp(alice.did)
      const edited = alice.commit({ create: 2, update: 2 })
      await giver.backUp(alice.did)
      let first = true
      const { net } = connect(giver, (handler) => async (stream) => {
        if (!first) return handler(stream)
        first = false
        while ((await stream.read()) !== undefined);
        // The commit alone: its tree is not there.
        const [, ...blocks] = edited.sinceBlocks()
        expect(blocks.length).toBeGreaterThan(2)
        const commit = edited.blocks('preorder').slice(0, 1)
        await stream.write(Buffer.concat([Uint8Array.of(0), ...writeCar([edited.commit], commit)]))
      })
      const { snapshot } = await pull(taker, net, alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(first).toBe(false)
      expect(await contents(taker.storage, snapshot)).toEqual(wanted(edited))
      await expectNothingTwice(taker.storage, alice.did)
    }))

  it('that breaks off is tried again, and what has come is not stored twice', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 4000 })
      await giver.backUp(alice.did)
      let tries = 0
      const { net } = connect(giver, (handler) => (stream) => {
        const cut = [400_000, 700_000][tries++]
        return (cut === undefined ? handler : cutAfter(cut)(handler))(stream)
      })
      const { snapshot, work } = await pull(taker, net, alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(tries).toBe(3)
      expect(work.waits.map((it) => it.attempt)).toEqual([1, 2])
      expect(await contents(taker.storage, snapshot)).toEqual(wanted(alice.repo))
      await expectNothingTwice(taker.storage, alice.did)
    }))

  it('that broke off for good is gone on with by the next pull', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 4000 })
      await giver.backUp(alice.did)
      const broken = connect(giver, cutAfter(1_000_000))
      await expect(pull(taker, broken.net, alice.did)).rejects.toMatchObject({ code: 'net.reset' })
      expect(broken.sent.requests).toBe(3)
      expect(await repoRow(taker.storage, alice.did)).toBeUndefined()
      const kept = await taker.storage.byteKeys()
      expect(kept.length).toBeGreaterThan(0)
      const { net } = connect(giver)
      const { snapshot } = await pull(taker, net, alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(await taker.storage.byteKeys()).toEqual(expect.arrayContaining(kept))
      expect(await contents(taker.storage, snapshot)).toEqual(wanted(alice.repo))
      await expectNothingTwice(taker.storage, alice.did)
    }))

  it('is not asked for again once the work is cancelled', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 4000 })
      await giver.backUp(alice.did)
      const { net, sent } = connect(giver)
      const work = taker.work((report, it) => {
        if ((report.bytes ?? 0) > 300_000) it.cancel()
      })
      await expect(
        pullRepoSync(taker.host, pds.endpoints, net, { did: alice.did, peer: 'giver', label: '', work }),
      ).rejects.toMatchObject({ code: 'sync.cancelled' })
      expect(sent.requests).toBe(1)
      expect(await repoRow(taker.storage, alice.did)).toBeUndefined()
    }))

  it('still comes when the giver has dropped the snapshot that since names', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 120 })
      await giver.backUp(alice.did)
      const { net } = connect(giver)
      await pull(taker, net, alice.did)
      const edited = alice.commit({ create: 2 })
      await giver.backUp(alice.did)
      const [oldest] = await snapshotsOf(giver.storage, alice.did)
      await deleteSnapshot(giver.storage, alice.did, oldest?.id ?? '')
      const { snapshot } = await pull(taker, net, alice.did)
      if (snapshot === undefined) throw new Error('nothing kept')
      expect(await contents(taker.storage, snapshot)).toEqual(wanted(edited))
    }))
})
