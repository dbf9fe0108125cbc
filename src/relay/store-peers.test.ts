import { generateKeyPair } from '@libp2p/crypto/keys'
import { describe, expect, it } from 'vitest'
import { createDirectory } from '../net/directory/client.ts'
import type { DirectoryLimits } from '../net/directory/limits.ts'
import { createDirectoryServer } from '../net/directory/server.ts'
import type { CairnNode } from '../net/node/create.ts'
import { createNodeNode } from '../net/node/node-node.ts'
import { realHost } from '../net/testing/nodes.ts'
import { repoTopic } from '../net/topics.ts'
import { withLevel } from '../storage/testing/node-host.ts'
import { PAGES_PROTOCOL } from '../sync/pages/protocol.ts'
import { servePages } from '../sync/pages/serve.ts'
import { createNotices } from '../sync/peers/notices.ts'
import { startStockPeer } from '../sync/repo-sync/testing/stock-peer.ts'
import { createStoreClient } from '../sync/store/client.ts'
import { STORE_PROTOCOL } from '../sync/store/messages.ts'
import { contents, createSyncKit, wanted } from '../sync/testing/sync-kit.ts'
import { createStorePeers, type StorePeers } from './store-peers.ts'
import type { Store } from './store/model.ts'
import { type StoreKit, withStoreKit } from './store/testing/store-kit.ts'

interface Kit {
  readonly store: Store
  readonly peers: StorePeers
  readonly relay: CairnNode
  readonly logged: unknown[]
  /** A node of a device that is connected to the relay, and what it finds there. */
  device(): Promise<{ readonly node: CairnNode; readonly finds: (did: string) => Promise<string[]> }>
  /** Closes the store and its node's part in the network, and opens both again. */
  restart(): Promise<{ readonly store: Store; readonly peers: StorePeers }>
}

const startNode = async (listen: readonly string[]) => {
  const privateKey = await generateKeyPair('Ed25519')
  return {
    privateKey,
    node: await createNodeNode({ privateKey, host: realHost, listen, allowLocal: true }),
  }
}

/** A store among its peers, as in the relay: a real node, a real directory, a real disk. */
async function withStorePeers(
  storeKit: StoreKit,
  limits: Partial<DirectoryLimits>,
  use: (kit: Kit) => Promise<void>,
): Promise<void> {
  const { node: relay, privateKey: key } = await startNode(['/ip4/127.0.0.1/tcp/0/ws'])
  const { clock, timers } = realHost
  const server = createDirectoryServer({ net: relay, clock, timers, limits })
  const ends: (() => Promise<unknown>)[] = [() => relay.stop(), async () => server.close()]
  const logged: unknown[] = []
  let peers: StorePeers | undefined
  const open = async () => {
    await peers?.close()
    const store = await storeKit.open({
      host: { timers: realHost.timers, clock: realHost.clock },
      onChange: (did) => peers?.changed(did),
      pull: (...from) => peers?.pull(...from) ?? Promise.reject(new Error('not yet')),
    })
    peers = createStorePeers({ net: relay, key, server, store, log: (...line) => logged.push(line) })
    return { store, peers }
  }
  try {
    const first = await open()
    let { store } = first
    relay.handle(STORE_PROTOCOL, (stream) => store.serve(stream))
    await use({
      ...first,
      relay,
      logged,
      async restart() {
        const again = await open()
        ;({ store } = again)
        return again
      },
      async device() {
        const { node, privateKey } = await startNode([])
        let sequence = Date.now()
        const directory = createDirectory({
          net: node,
          key: privateKey,
          timers: realHost.timers,
          clock: realHost.clock,
          random: realHost.random,
          sequence: { next: async () => sequence++ },
        })
        ends.push(
          () => node.stop(),
          () => directory.close(),
        )
        await node.libp2p.dial(relay.libp2p.getMultiaddrs())
        directory.setRelays([relay.self])
        return {
          node,
          finds: async (did) => (await directory.lookup(repoTopic(did).id)).map((it) => it.peer),
        }
      },
    })
  } finally {
    await peers?.close()
    for (const end of ends.reverse()) await end()
  }
}

const run = (
  use: (kit: Kit & Pick<StoreKit, 'pds'>) => Promise<void>,
  limits: Partial<DirectoryLimits> = {},
): Promise<void> =>
  withStoreKit((storeKit) => withStorePeers(storeKit, limits, (kit) => use({ ...kit, pds: storeKit.pds })))

const operator = { by: 'operator' } as const

describe('a store among peers', () => {
  it('announces what it keeps, again after a restart, and withdraws what it gives up', () =>
    run(async ({ pds, relay, store, restart, device, logged }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      const { finds } = await device()
      expect(await finds(alice.did)).toEqual([])
      await store.keep(alice.did, operator)
      await expect.poll(() => finds(alice.did)).toEqual([relay.self])
      expect(await finds(bob.did)).toEqual([])

      const again = await restart()
      await expect.poll(() => finds(alice.did)).toEqual([relay.self])
      await again.store.drop(alice.did, 'operator')
      await expect.poll(() => finds(alice.did)).toEqual([])
      expect(logged).toEqual([])
    }))

  it('tries to announce each, whatever becomes of the others', () =>
    run(
      async ({ pds, store, restart, logged }) => {
        for (const name of ['alice', 'bob', 'carol'])
          await store.keep((await pds.account({ name })).did, operator)
        // Each was tried when it came, and is again by a relay that comes back.
        await expect.poll(() => logged.length).toBe(2)
        logged.length = 0
        await restart()
        await expect.poll(() => logged).toHaveLength(2)
        expect(logged).toMatchObject([
          ['warn', 'store.announce-failed', { error: 'net.limit' }],
          ['warn', 'store.announce-failed', { error: 'net.limit' }],
        ])
      },
      { topicsOfSelf: 1 },
    ))

  it('tells those who follow a repo of its new heads', () =>
    run(async ({ pds, relay, store, peers, device }) => {
      const alice = await pds.account({ name: 'alice' })
      await store.keep(alice.did, operator)
      const { node } = await device()
      const heard: string[] = []
      const notices = createNotices({
        net: node,
        host: { ...realHost, random: () => 7 },
        mayRead: () => true,
        onNews: (peer, did) => void heard.push(`${peer} ${did}`),
      })
      const over = new AbortController()
      notices.follow(relay.self, [alice.did], over.signal)
      // Following begins by itself; from the first word on it is there.
      await expect
        .poll(() => {
          peers.changed(alice.did)
          return heard.length
        })
        .toBeGreaterThan(0)
      heard.length = 0
      alice.commit({ create: 1 })
      await store.refresh(alice.did)
      await expect.poll(() => heard).toContain(`${relay.self} ${alice.did}`)
      expect((await store.head(alice.did))?.head.rev).toBe(alice.repo.rev)
      over.abort()
      await notices.close()
    }))
})

describe('what its own server does not give', () => {
  it('comes from the peer that asked', () =>
    run(({ pds, relay, store, device }) =>
      withLevel(async (storage) => {
        const alice = await pds.account({ name: 'alice' })
        const kit = createSyncKit(storage, pds)
        await kit.backUp(alice.did)
        alice.state = 'not-found'
        const { node } = await device()
        const client = createStoreClient(node, realHost.timers, relay.self)
        // Who has nothing to give is told why.
        await expect(client.keep(alice.did)).rejects.toMatchObject({ code: 'net.refused' })
        expect(await store.list()).toEqual([])

        node.handle(PAGES_PROTOCOL, servePages({ storage, timers: realHost.timers }))
        expect(await client.keep(alice.did)).toMatchObject({ state: 'kept', rev: alice.repo.rev })
        const kept = await store.head(alice.did)
        if (kept === undefined) throw new Error('not kept')
        expect(kept.head).toMatchObject({ source: 'peer', signature: 'current-key' })
        expect(await contents(store.storage, kept.head)).toEqual(wanted(alice.repo))
        // And is announced from now on.
        const { finds } = await device()
        await expect.poll(() => finds(alice.did)).toEqual([relay.self])
      }),
    ))

  it('comes from a node of another kind by the TCP address that the asking peer names', () =>
    run(async ({ pds, relay, store, device }) => {
      const alice = await pds.account({ name: 'alice' })
      const stock = await startStockPeer()
      try {
        stock.repos.set(alice.did, { car: Buffer.concat([...alice.repo.car()]) })
        alice.state = 'not-found'
        const { node } = await device()
        const client = createStoreClient(node, realHost.timers, relay.self)
        const address = stock.tcp
        expect(address).toContain('/tcp/')
        const state = await client.keep(alice.did, {
          relays: ['nonsense', relay.addresses()[0] ?? '', address],
        })
        expect(state).toMatchObject({ state: 'kept', rev: alice.repo.rev })
        expect(stock.asked).toEqual([{ did: alice.did }])
        expect((await store.head(alice.did))?.head.signature).toBe('current-key')
      } finally {
        await stock.close()
      }
    }))
})
