import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { createDirectory, type RelayDirectory } from '../../src/net/directory/client.ts'
import { DIRECTORY_PROTOCOL } from '../../src/net/directory/limits.ts'
import { createLink, type DirectoryLink } from '../../src/net/directory/link.ts'
import type { CairnNode } from '../../src/net/node/create.ts'
import { createNodeNode } from '../../src/net/node/node-node.ts'
import { repoTopic } from '../../src/net/topics.ts'
import type { RelayAddress } from './relay.ts'

/** The peers of `relay-scale`, in a process of their own: only the relay's is measured. */
export interface ScaleCalls {
  /** Has so many peers in all, each connected with a reservation. */
  connect(input: { relay: RelayAddress; peers: number }): Promise<number>
  /** Every peer announces one topic, which {@link PEERS_A_TOPIC} share. Gives the number of topics. */
  announce(input: { relay: RelayAddress }): Promise<number>
  /** Looks up topics in turn, over the connections of all peers in turn, so many at a time. */
  lookups(input: { atOnce: number; ms: number }): Promise<{ lookups: number; records: number; ms: number }>
}

const PEERS_A_TOPIC = 5
/** Handshakes at a time; a relay takes 64. */
const HANDSHAKES = 16

const timers = {
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
const clock = { now: () => Date.now() }

interface Peer {
  readonly node: CairnNode
  readonly key: Ed25519PrivateKey
  directory?: RelayDirectory
  link?: DirectoryLink
}
const peers: Peer[] = []
let topics: Uint8Array[] = []

async function connectOne(relay: RelayAddress): Promise<void> {
  const key = await generateKeyPair('Ed25519')
  const node = await createNodeNode({
    privateKey: key,
    host: { timers, clock, random: Math.random },
    allowLocal: true,
    listen: [],
  })
  const done = new Promise<void>((resolve) => {
    const look = (): void => {
      if (node.relays()[0]?.state === 'connected') resolve()
    }
    node.onChange(look)
  })
  node.setRelays([relay])
  await done
  peers.push({ node, key })
}

async function announceOne(peer: Peer, relay: RelayAddress, topic: Uint8Array): Promise<void> {
  let sequence = 0
  peer.directory ??= createDirectory({
    net: peer.node,
    key: peer.key,
    sequence: { next: async () => ++sequence },
    clock,
    timers,
    random: Math.random,
    relays: [relay.peerId],
  })
  await peer.directory.announce(topic)
  peer.link ??= createLink(await peer.node.open(relay.peerId, DIRECTORY_PROTOCOL), timers)
}

/** So many at a time, each as soon as one before is done. */
async function each(count: number, atOnce: number, run: (i: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await run(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

const calls: ScaleCalls = {
  async connect({ relay, peers: wanted }) {
    await each(wanted - peers.length, HANDSHAKES, () => connectOne(relay))
    return peers.length
  },
  async announce({ relay }) {
    topics = Array.from(
      { length: Math.ceil(peers.length / PEERS_A_TOPIC) },
      (_, i) => repoTopic(`did:plc:${String(i).padStart(24, 'a')}`).id,
    )
    await each(peers.length, HANDSHAKES, async (i) => {
      const peer = peers[i]
      const topic = topics[Math.floor(i / PEERS_A_TOPIC)]
      if (peer !== undefined && topic !== undefined) await announceOne(peer, relay, topic)
    })
    return topics.length
  },
  async lookups({ atOnce, ms }) {
    const started = performance.now()
    let lookups = 0
    let records = 0
    let turn = 0
    const lane = async (): Promise<void> => {
      while (performance.now() - started < ms) {
        const i = turn++
        const link = peers[i % peers.length]?.link
        const topic = topics[i % topics.length]
        if (link === undefined || topic === undefined) throw new Error('nothing was announced')
        const found = await link.ask({ type: 'lookup', topic, limit: 64 })
        records += found.length
        lookups++
      }
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
    return { lookups, records, ms: performance.now() - started }
  },
}

process.on('message', ({ id, name, input }: { id: number; name: keyof ScaleCalls; input: never }) => {
  calls[name](input).then(
    (value) => process.send?.({ id, value }),
    (error: unknown) => process.send?.({ id, error: String(error instanceof Error ? error.stack : error) }),
  )
})
