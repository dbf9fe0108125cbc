import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { PrivateKey } from '@libp2p/interface'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { createCircuitTransport } from '../../node/circuit-port.ts'
import { type CairnNode, createNode } from '../../node/create.ts'
import { createNodeNode } from '../../node/node-node.ts'
import type { RelayPeer } from '../../node/reservations.ts'
import { CONNECTION_MONITOR, connectionLimits, flowControlledYamux } from '../../node/transport.ts'
import { realHost, until } from '../../testing/nodes.ts'
import { createDirectory, type RelayDirectory } from '../client.ts'
import { createDhtPeers } from '../dht.ts'
import { createDirectoryServer, type DirectoryServer } from '../server.ts'
import { createSequence } from './identities.ts'

export interface DhtRelay extends RelayPeer {
  readonly key: PrivateKey
  readonly node: CairnNode
  readonly server: DirectoryServer
  /** resolves when this many other relays are in the table */
  knows(relays: number): Promise<void>
  /** Connects to another relay; resolves when both have it in their tables. */
  join(other: DhtRelay): Promise<void>
  stop(): Promise<void>
}

type EncrypterFactory = ReturnType<typeof noise>
type TransportFactory = ReturnType<typeof webSockets>

export interface DhtRelayOptions {
  /** put around what the relay is made of, to see what it receives */
  readonly wrapEncrypter?: (factory: EncrypterFactory) => EncrypterFactory
  readonly wrapTransport?: (factory: TransportFactory) => TransportFactory
}

/** A relay on loopback with circuits, the directory, and the table that relays find each other by. */
export async function startDhtRelay(options: DhtRelayOptions = {}): Promise<DhtRelay> {
  const circuit = createCircuitTransport()
  const key = await generateKeyPair('Ed25519')
  const libp2p = await createLibp2p({
    privateKey: key,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [options.wrapTransport?.(webSockets()) ?? webSockets(), circuit.transport],
    connectionEncrypters: [options.wrapEncrypter?.(noise()) ?? noise()],
    streamMuxers: [flowControlledYamux()],
    connectionManager: connectionLimits(500),
    connectionMonitor: CONNECTION_MONITOR,
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({ protocol: '/cairn/kad/1.0.0', clientMode: false, peerInfoMapper: passthroughMapper }),
      relay: circuitRelayServer({ reservations: { applyDefaultLimit: false } }),
    },
  })
  const node = createNode({
    libp2p,
    host: realHost,
    circuit: circuit.port,
    ping: (peer, signal) => libp2p.services.ping.ping(peerIdFromString(peer), { signal }),
    direct: 'no-webrtc',
  })
  const { dht } = libp2p.services
  const peers = createDhtPeers({ self: libp2p.peerId, dht })
  const server = createDirectoryServer({ net: node, ...realHost, dht: peers })
  let known = 0
  const waiting = new Set<() => void>()
  peers.onJoin(() => {
    known++
    for (const check of waiting) check()
  })
  const knows = (relays: number): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (known < relays) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      check()
    })
  return {
    key,
    peerId: node.self,
    multiaddrs: node.addresses(),
    node,
    server,
    knows,
    async join(other) {
      await libp2p.dial(other.multiaddrs.map((address) => multiaddr(address)))
      await Promise.all([knows(1), other.knows(1)])
    },
    async stop() {
      server.close()
      await node.stop()
    },
  }
}

export interface Device {
  readonly key: PrivateKey
  readonly node: CairnNode
  readonly directory: RelayDirectory
  stop(): Promise<void>
}

/** A device that is reachable through its relays only. Resolves once it is. */
export async function startDevice(relays: readonly RelayPeer[]): Promise<Device> {
  const key = await generateKeyPair('Ed25519')
  const node = await createNodeNode({ privateKey: key, host: realHost, listen: [], allowLocal: true })
  const directory = createDirectory({ net: node, key, sequence: createSequence(), ...realHost })
  node.setRelays(relays)
  await until(node, () => node.addresses().length >= relays.length)
  directory.setRelays(relays.map(({ peerId }) => peerId))
  return {
    key,
    node,
    directory,
    async stop() {
      await directory.close()
      await node.stop()
    },
  }
}
