import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { afterEach, expect, it, vi } from 'vitest'
import { createDirectory, type RelayDirectory } from '../directory/client.ts'
import { DIRECTORY_PROTOCOL } from '../directory/limits.ts'
import { createDirectoryServer } from '../directory/server.ts'
import type { CairnNode } from '../node/create.ts'
import { createNodeNode } from '../node/node-node.ts'
import { realHost, startNode, startRelay } from '../testing/nodes.ts'
import { repoTopic, secretTopic } from '../topics.ts'
import type { Networker, NetworkerStore, Peer } from './model.ts'
import { createNetworker } from './networker.ts'
import { createMemoryStore } from './testing/world.ts'

/** libp2p nodes on loopback, with the directory that devices use. */

const topic = repoTopic('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
const secret = secretTopic(new Uint8Array(32).fill(5))
/** Real time passes here, on a machine that may be busy. */
const soon = { timeout: 10_000 }
const ends: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Device {
  readonly node: CairnNode
  readonly directory: RelayDirectory
  readonly networker: Networker
  readonly replicated: Peer[]
  stop(): Promise<void>
}

async function startDirectory(): Promise<CairnNode> {
  const relay = await startNode()
  const server = createDirectoryServer({ net: relay, clock: realHost.clock, timers: realHost.timers })
  ends.push(() => relay.stop(), server.close)
  return relay
}

interface DeviceOptions {
  readonly key?: PrivateKey
  readonly store?: NetworkerStore
  readonly listen?: readonly string[]
}

async function startDevice(relay: CairnNode, options: DeviceOptions = {}): Promise<Device> {
  const key = options.key ?? (await generateKeyPair('Ed25519'))
  const node = await createNodeNode({
    privateKey: key,
    host: realHost,
    listen: options.listen ?? ['/ip4/127.0.0.1/tcp/0/ws'],
    allowLocal: true,
  })
  let seq = Date.now()
  const directory = createDirectory({
    net: node,
    key,
    sequence: { next: async () => ++seq },
    clock: realHost.clock,
    timers: realHost.timers,
    random: Math.random,
    relays: [relay.self],
    open: (peer, signal) => node.open(peer, DIRECTORY_PROTOCOL, { signal, addresses: relay.addresses() }),
  })
  const replicated: Peer[] = []
  const networker = createNetworker({
    net: node,
    directory,
    replicate: async (peer) => void replicated.push(peer),
    store: options.store ?? createMemoryStore(),
    timers: realHost.timers,
    clock: realHost.clock,
    random: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
  })
  let stopped = false
  const stop = async (): Promise<void> => {
    if (stopped) return
    stopped = true
    await networker.close()
    await directory.close()
    await node.stop()
  }
  ends.push(stop)
  return { node, directory, networker, replicated, stop }
}

it('three nodes find each other over the directory, share what they prove, and talk', async () => {
  const relay = await startDirectory()
  const devices = [await startDevice(relay), await startDevice(relay), await startDevice(relay)]
  await Promise.all(devices.map(({ networker }) => networker.configure(topic)))
  await vi.waitFor(() => {
    for (const { networker, replicated } of devices) {
      expect(networker.peers.size).toBe(2)
      expect(new Set(replicated.map(({ id }) => id)).size).toBe(2)
    }
  }, soon)
  const [first, second] = devices
  if (first === undefined || second === undefined) throw new Error('no devices')
  for (const peer of first.networker.peers) {
    expect(peer.remotePublicKey).toHaveLength(32)
    expect(peer.remoteAddress).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\//)
    expect(peer.type).toBe('direct')
    expect(peer.topics).toEqual([topic])
  }
  const got: string[] = []
  for (const { networker } of devices.slice(1))
    networker.registerExtension<string>('talk', {
      encoding: 'utf-8',
      onmessage: (message, peer) => void got.push(`${message} from ${peer.id}`),
    })
  const talk = first.networker.registerExtension<string>('talk', { encoding: 'utf-8' })
  expect(talk.broadcast('x'.repeat(60_000))).toBe(2)
  await vi.waitFor(() => expect(got).toHaveLength(2), soon)
  expect(got[0]).toBe(`${'x'.repeat(60_000)} from ${first.node.self}`)

  // A secret topic that only two of them know is told to those two only.
  await first.networker.configure(secret)
  await second.networker.configure(secret)
  await vi.waitFor(() => {
    expect(first.networker.status(secret)?.linked).toBe(1)
    expect(second.networker.status(secret)?.linked).toBe(1)
  }, soon)
  const third = [...(devices[2]?.networker.peers ?? [])]
  expect(third.map(({ topics }) => topics)).toEqual([[topic], [topic]])
}, 20_000)

it('a node that stops is missed, and one started again with its key and store is found anew', async () => {
  const relay = await startDirectory()
  const key = await generateKeyPair('Ed25519')
  const store = createMemoryStore()
  const a = await startDevice(relay)
  const before = await startDevice(relay, { key, store })
  await a.networker.configure(topic)
  await before.networker.configure(topic)
  await vi.waitFor(() => expect(a.networker.peers.size).toBe(1), soon)
  await before.stop()
  await vi.waitFor(() => expect(a.networker.peers.size).toBe(0), soon)

  const after = await startDevice(relay, { key, store })
  expect(after.node.self).toBe(before.node.self)
  await after.networker.listen()
  await vi.waitFor(() => {
    expect([...a.networker.peers].map(({ id }) => id)).toEqual([after.node.self])
    expect(after.networker.flushed(topic)).toBe(true)
  }, soon)
}, 20_000)

it('a node that only a circuit reaches is linked through it', async () => {
  const relay = await startDirectory()
  const circuit = await startRelay()
  ends.push(circuit.stop)
  const hidden = await startDevice(relay, { listen: [] })
  hidden.node.setRelays([circuit])
  await vi.waitFor(() => expect(hidden.node.addresses()).not.toEqual([]), soon)
  await hidden.networker.configure(topic, { lookup: false })
  const seeker = await startDevice(relay, { listen: [] })
  await seeker.networker.configure(topic, { announce: false })
  expect([...seeker.networker.peers]).toMatchObject([{ id: hidden.node.self, type: 'relayed' }])
  // The two sides end the handshake one after the other.
  await vi.waitFor(
    () => expect([...hidden.networker.peers]).toMatchObject([{ id: seeker.node.self, type: 'relayed' }]),
    soon,
  )
}, 20_000)
