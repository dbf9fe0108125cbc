import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { createNodeNode } from '../../net/node/node-node.ts'
import { realHost } from '../../net/testing/nodes.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { askFor } from '../../sync/packs/ask.ts'
import { openPacks } from '../../sync/packs/client.ts'
import { httpPacks } from '../../sync/packs/http-client.ts'
import { takeList } from '../../sync/packs/take-list.ts'
import { pushBetween } from '../../sync/packs/testing/push-kit.ts'
import { createNotices } from '../../sync/peers/notices.ts'
import { createStoreClient } from '../../sync/store/client.ts'
import { startLocalPds } from '../../sync/testing/local-pds.ts'
import { contents, createSyncKit, wanted } from '../../sync/testing/sync-kit.ts'
import { withStoreKit } from '../store/testing/store-kit.ts'
import { createStarted, describeAt } from '../testing/relays.ts'
import { createRelayPacks } from './packs.ts'
import { withPacksHttp } from './testing/packs-http.ts'
import { begin, carOf, patch } from './uploads/testing/uploads-kit.ts'

describe('whoever follows a store', () => {
  it('hears at once of a head that was pushed, and of one that was uploaded, and gets it from the store', async () => {
    const started = createStarted()
    const pds = await startLocalPds()
    try {
      const alice = await pds.account({ name: 'alice', records: 200 })
      const relay = await started.relay({ dataDir: await started.folder(), plc: pds.origin })
      const node = await createNodeNode({
        privateKey: await generateKeyPair('Ed25519'),
        host: realHost,
        listen: [],
        allowLocal: true,
      })
      started.onClose(() => node.stop())
      await node.libp2p.dial((await describeAt(relay.url)).multiaddrs.map((it) => multiaddr(it)))
      const store = createStoreClient(node, realHost.timers, relay.peerId)
      expect(await store.keep(alice.did)).toMatchObject({ state: 'kept' })
      const base = alice.repo
      await withLevel(async (storage) => {
        const device = createSyncKit(storage, pds)
        await device.backUp(alice.did)
        // From here on nobody hears of anything but from the store.
        alice.state = 'not-found'
        let heard = 0
        const notices = createNotices({
          net: node,
          host: { ...realHost, random: () => 7 },
          mayRead: () => true,
          onNews: () => void heard++,
        })
        const over = new AbortController()
        notices.follow(relay.peerId, [alice.did], over.signal)
        // That it tells of the repo from now on.
        await expect.poll(() => heard).toBe(1)

        const url = `http://127.0.0.1:${relay.port}/sync`
        const pusher = httpPacks(url, fetch, { timers: realHost.timers, clientId: 'first' })
        const pushed = alice.commit({ create: 5 })
        expect(await pusher.push(pushBetween(base, pushed))).toMatchObject({ status: 'applied' })
        await expect.poll(() => heard).toBeGreaterThan(1)

        const packs = await openPacks(node, relay.peerId, { timers: realHost.timers, clientId: 'second' })
        const ask = await askFor(storage, alice.did)
        const subscription = (await packs.pull([ask])).answers.get(alice.did)
        if (subscription === undefined) throw new Error('no answer')
        const { snapshot } = await takeList(device.host, pds.endpoints, {
          ...{ ask, subscription, label: 'alice' },
          peer: packs.peer,
          work: device.work(),
        })
        if (snapshot === undefined) throw new Error('nothing new')
        expect(await contents(storage, snapshot)).toEqual(wanted(pushed))
        await packs.close()

        const before = heard
        const uploaded = carOf(alice.commit({ create: 300 }))
        const { at } = await begin(`${url}/uploads`, { did: alice.did, bytes: uploaded.length })
        expect(await (await patch(at, 0, uploaded)).json()).toMatchObject({ status: 'applied' })
        await expect.poll(() => heard).toBeGreaterThan(before)
        over.abort()
        await notices.close()
      })
    } finally {
      await started.close()
      await pds.close()
    }
  })
})

describe('a store that took a push', () => {
  it('fetches the blobs that came with it', () =>
    withStoreKit(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      const store = await kit.open()
      await store.keep(alice.did, { by: 'operator' })
      await store.idle()
      const before = alice.repo
      const blob = alice.addBlob(new TextEncoder().encode('a picture'))
      const packs = createRelayPacks(store, () => {})
      await withPacksHttp(packs.handler, async (url) => {
        const client = httpPacks(url, fetch, { timers: realHost.timers, clientId: 'device' })
        const pushed = await client.push(pushBetween(before, alice.commit({ create: 1 })))
        expect(pushed.status).toBe('applied')
      })
      const row = (): Promise<unknown> => store.storage.get('blobs', `${alice.did}/${blob}`)
      await expect.poll(row).toMatchObject({ state: 'kept' })
      packs.close()
    }))
})
