import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createNodeNode } from '../../net/node/node-node.ts'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { realHost } from '../../net/testing/nodes.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { askFor } from '../../sync/packs/ask.ts'
import { openPacks, type PackClient } from '../../sync/packs/client.ts'
import { httpPacks } from '../../sync/packs/http-client.ts'
import { takeList } from '../../sync/packs/take-list.ts'
import { nameOf, pushBetween } from '../../sync/packs/testing/push-kit.ts'
import { startLocalPds } from '../../sync/testing/local-pds.ts'
import { contents, createSyncKit, wanted } from '../../sync/testing/sync-kit.ts'
import { createTestTimers } from '../../sync/testing/timers.ts'
import { createStore } from '../store/store.ts'
import { withStoreKit } from '../store/testing/store-kit.ts'
import { createStarted, describeAt } from '../testing/relays.ts'
import { DEFAULT_STORE_LIMITS } from '../keeping.ts'
import { createRelayPacks } from './packs.ts'
import { withPacksHttp } from './testing/packs-http.ts'

describe('a relay with a store', () => {
  it('gives what changed over HTTP and over libp2p, and 404 without a store', async () => {
    const started = createStarted()
    const pds = await startLocalPds()
    try {
      const dataDir = await started.folder()
      const alice = await pds.account({ name: 'alice', records: 300 })
      const timers = createTestTimers()
      await withLevel(async (first) =>
        withLevel(async (second) => {
          const devices = [createSyncKit(first, pds), createSyncKit(second, pds)]
          for (const device of devices) await device.backUp(alice.did)
          const store = await createStore({
            dataDir: join(dataDir, 'store'),
            admission: { mode: 'open' },
            limits: DEFAULT_STORE_LIMITS,
            endpoints: pds.endpoints,
            fetch: pds.fetch,
            host: { timers, clock: timers.clock },
          })
          await store.keep(alice.did, { by: 'operator' })
          alice.commit({ create: 5, update: 5, delete: 5 })
          // What was brought up to date so lately is not asked for again, unless the operator asks.
          await store.keep(alice.did, { by: 'operator' })
          await store.idle()
          await store.close()

          const relay = await started.relay({ dataDir, plc: pds.origin })
          const { multiaddrs } = await describeAt(relay.url)
          const node = await createNodeNode({
            privateKey: await generateKeyPair('Ed25519'),
            host: realHost,
            listen: [],
            allowLocal: true,
          })
          started.onClose(() => node.stop())
          const options = { timers: realHost.timers, clientId: 'device' }
          const clients: PackClient[] = [
            httpPacks(`http://127.0.0.1:${relay.port}/sync`, fetch, options),
            await openPacks(node, relay.peerId, { ...options, addresses: multiaddrs }),
          ]
          for (const [i, client] of clients.entries()) {
            const device = devices[i]
            if (device === undefined) throw new Error('two devices')
            const ask = await askFor(device.storage, alice.did)
            const { answers } = await client.pull([ask])
            const subscription = answers.get(alice.did)
            if (subscription === undefined) throw new Error('no answer')
            const taken = await takeList(device.host, pds.endpoints, {
              ask,
              subscription,
              peer: client.peer,
              work: device.work(),
              label: 'alice',
            })
            if (taken.snapshot === undefined) throw new Error('nothing new')
            expect(taken.snapshot.commitCid).toBe(nameOf(alice.repo).commit)
            expect(await contents(device.storage, taken.snapshot)).toEqual(wanted(alice.repo))
            await client.close()
          }
        }),
      )
      const bare = await started.relay()
      const none = httpPacks(`http://127.0.0.1:${bare.port}/sync`, fetch, {
        timers: realHost.timers,
        clientId: 'c',
      })
      await expect(none.pull([{ id: alice.did, held: undefined, cursor: -1 }])).rejects.toMatchObject({
        code: 'net.refused',
        fields: { reason: 'sync.not_found' },
      })
    } finally {
      await started.close()
      await pds.close()
    }
  })

  it('takes a push over HTTP through its gate, and serves it on', () =>
    withStoreKit(async (kit) => {
      const { pds } = kit
      const alice = await pds.account({ name: 'alice' })
      const changed: string[] = []
      const store = await kit.open({ onChange: (did) => changed.push(did), blobs: false })
      await store.keep(alice.did, { by: 'operator' })
      await store.idle()
      const before = { bytes: store.usage().bytes, repo: alice.repo }
      const next = alice.commit({ create: 20, delete: 1 })
      changed.length = 0
      const logged: string[] = []
      const packs = createRelayPacks(store, (_, event) => logged.push(event))
      await withPacksHttp(packs.handler, async (url) => {
        const client = httpPacks(url, fetch, { timers: realHost.timers, clientId: 'device' })
        const ask = pushBetween(before.repo, next, 'device')
        const pushed = await client.push(ask)
        expect(pushed).toMatchObject({ ok: true, status: 'applied', clientCommitId: nameOf(next).commit })
        expect(await client.push(ask)).toEqual({ ...pushed, status: 'cached' })
        expect(changed).toContain(alice.did)
        expect(store.usage().bytes).toBeGreaterThan(before.bytes)
        expect(logged).toEqual(['packs.push-taken'])
        const { answers } = await client.pull([
          { id: alice.did, held: nameOf(before.repo), cursor: pushed.commitSeq ?? 0 },
        ])
        // Twenty made, one deleted, and the commit.
        expect(answers.get(alice.did)?.commits[0]?.changes.length).toBe(22)
        const { answers: same } = await client.pull([
          { id: alice.did, held: nameOf(next), cursor: pushed.commitSeq ?? 0 },
        ])
        expect(same.get(alice.did)).toMatchObject({ status: 'active', bootstrap: false, commits: [] })
      })
      const head = (await store.head(alice.did))?.head
      if (head === undefined) throw new Error('not kept')
      expect(await contents(store.storage, head)).toEqual(wanted(next))
      packs.close()
    }))

  it('holds on to no more replaced heads than it does of its own accord', () =>
    withStoreKit(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      const store = await kit.open({ blobs: false })
      await store.keep(alice.did, { by: 'operator' })
      await store.idle()
      const packs = createRelayPacks(store, () => {})
      await withPacksHttp(packs.handler, async (url) => {
        const client = httpPacks(url, fetch, { timers: realHost.timers, clientId: 'device' })
        for (let i = 0; i < 20; i++) {
          const before = alice.repo
          // Longer than anyone may read a head that was replaced.
          kit.timers.pass(2 * 60 * 60_000)
          const pushed = await client.push(pushBetween(before, alice.commit({ create: 1 })))
          expect(pushed.status).toBe('applied')
        }
      })
      packs.close()
      await store.idle()
      expect(await store.storage.count('snapshots')).toBeLessThan(12)
    }))

  it('that is full takes no push, and says so', () =>
    withStoreKit(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      let store = await kit.open({ blobs: false })
      await store.keep(alice.did, { by: 'operator' })
      await store.idle()
      const { bytes } = store.usage()
      store = await kit.open({ blobs: false, limits: { bytes: bytes + 70_000 } })
      await store.idle()
      const before = alice.repo
      const next = alice.commit({
        create: Array.from({ length: 30 }, (_, i) => ({
          path: `app.bsky.feed.post/big${i}`,
          value: { $type: 'app.bsky.feed.post', text: crypto.getRandomValues(new Uint8Array(4000)) },
        })).map(({ path, value }) => ({ path, value: { ...value, text: [...value.text].join() } })),
      })
      const packs = createRelayPacks(store, () => {})
      await withPacksHttp(packs.handler, async (url) => {
        const client = httpPacks(url, fetch, { timers: realHost.timers, clientId: 'device' })
        const pushed = await client.push(pushBetween(before, next))
        expect(pushed).toMatchObject({
          ok: false,
          status: 'rejected',
          results: [{ status: 'error', code: 'runtime.limit_exceeded', retriable: true }],
        })
      })
      expect((await store.head(alice.did))?.head.commitCid).toBe(nameOf(before).commit)
      packs.close()
    }))
})
