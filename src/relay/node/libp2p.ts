import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Identify } from '@libp2p/identify'
import type { Connection, Libp2p, PrivateKey } from '@libp2p/interface'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import type { KadDHT, KadDHTComponents } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import { quietNoise } from '../../net/node/noise.ts'
import { sparingYamux } from '../../net/node/yamux.ts'
import type { AddressGuard } from '../guard/addresses.ts'
import { createDialGater, dialRefusal } from '../guard/dial.ts'
import type { RelayLimits } from '../limits.ts'
import { dhtComponents } from './dht-questions.ts'
import { createMemoryRows } from './memory-rows.ts'
import { circuitComponents } from './circuit-flow.ts'
import { keepNewest } from './newest.ts'
import { createNoiseCrypto } from './noise-crypto.ts'
import { createReservationRules } from './reservations.ts'
import type { Traffic } from './traffic.ts'
import { INTERNAL_LISTEN } from './web-socket-port.ts'
import type { WebSocketPort } from './web-socket-port.ts'

/** A DHT of relays alone; the public one neither knows our topics nor needs them. */
export const DHT_PROTOCOL = '/cairn/kad/1.0.0'

export type RelayServices = {
  readonly relay: CircuitRelayService
  readonly dht: KadDHT
  readonly identify: Identify
  readonly ping: Ping
}

export interface RelayNode {
  readonly libp2p: Libp2p<RelayServices>
  /** Tells peers that this is the end, and closes. */
  stop(): Promise<void>
}

export interface RelayNodeOptions {
  readonly privateKey: PrivateKey
  readonly port: WebSocketPort
  /** multiaddrs under which others reach us */
  readonly announce: readonly string[]
  readonly guard: AddressGuard
  readonly limits: RelayLimits
  readonly traffic: Traffic
  readonly version: string
}

/**
 * The libp2p side of a relay: circuits without the protocol's default of 128 KiB, a server of the relays'
 * DHT, and nothing that a browser must trust. Each circuit is bounded by what its two ends may move.
 */
export async function createRelayNode(options: RelayNodeOptions): Promise<RelayNode> {
  const { limits, guard, traffic } = options
  const reservations = createReservationRules(limits, traffic)
  const circuits = circuitRelayServer({
    maxInboundHopStreams: limits.circuitsPerPeer,
    maxOutboundStopStreams: limits.circuitsPerPeer,
    reservations: {
      maxReservations: limits.reservations,
      reservationTtl: limits.reservationMs,
      applyDefaultLimit: false,
    },
  })
  const dht = kadDHT({
    protocol: DHT_PROTOCOL,
    clientMode: false,
    maxInboundStreams: limits.dhtStreamsPerConnection,
    // What may be dialled is decided in one place; addresses that never may be are not handed on.
    peerInfoMapper: (info) => {
      const { multiaddrs, ...rest } = passthroughMapper(info)
      return { ...rest, multiaddrs: multiaddrs.filter((one) => dialRefusal(guard, one) === undefined) }
    },
  })
  const libp2p = await createLibp2p<RelayServices>({
    privateKey: options.privateKey,
    nodeInfo: { name: 'cairn-relay', version: options.version },
    addresses: { listen: [INTERNAL_LISTEN], announce: [...options.announce] },
    transports: [
      options.port.transport,
      // `dialOpts` go to `net.connect` as they are; its type names fewer than that takes.
      tcp({ dialOpts: { noDelay: true, lookup: guard.lookup } as { noDelay: boolean } }),
    ],
    connectionEncrypters: [quietNoise({ crypto: createNoiseCrypto() })],
    streamMuxers: [
      sparingYamux({
        maxInboundStreams: limits.streamsPerConnection,
        // A page that comes back opens all that it had at once.
        maxEarlyStreams: limits.streamsPerConnection,
        streamOptions: { maxStreamWindowSize: limits.streamWindowBytes },
      }),
    ],
    connectionManager: {
      maxConnections: limits.connections,
      maxIncomingPendingConnections: limits.pendingConnections,
      // Behind a proxy all connections have its address: the HTTP side counts by the client's own.
      inboundConnectionThreshold: limits.connections,
    },
    // A ping that waits behind bulk data would end the connection that carries it.
    connectionMonitor: { enabled: false },
    connectionGater: {
      ...createDialGater(guard),
      denyInboundRelayReservation: (peer) => reservations.deny(peer),
    },
    datastore: createMemoryRows(limits.peerRows),
    services: {
      identify: identify(),
      ping: ping({ maxInboundStreams: limits.streamsPerConnection }),
      dht: (components: KadDHTComponents) => dht(dhtComponents(components)),
      relay: (components) => circuits(circuitComponents(components)),
    },
  })
  const stops = [keepNewest(libp2p), reservations.watch(libp2p), nameTraffic(libp2p, traffic)]
  return {
    libp2p,
    stop: async () => {
      for (const stop of stops) stop()
      await libp2p.stop()
      options.port.close()
    },
  }
}

/** Says whose bytes a socket's are, once the handshake has proven it. */
function nameTraffic(libp2p: Libp2p, traffic: Traffic): () => void {
  const onOpen = ({ detail }: CustomEvent<Connection>): void =>
    traffic.name(detail.remoteAddr, detail.remotePeer.toString())
  libp2p.addEventListener('connection:open', onOpen)
  return () => libp2p.removeEventListener('connection:open', onOpen)
}

/** Relays in the routing table. Its interface does not tell; the one implementation does. */
export function dhtPeers(dht: KadDHT): number {
  const table: unknown = 'routingTable' in dht ? dht.routingTable : undefined
  const size = typeof table === 'object' && table !== null && 'size' in table ? table.size : undefined
  return typeof size === 'number' ? size : 0
}
