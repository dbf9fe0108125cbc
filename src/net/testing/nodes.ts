import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p, type Libp2p } from 'libp2p'
import type { BaseOptions } from '../node/base.ts'
import type { CairnNode } from '../node/create.ts'
import type { NodeHost } from '../node/host.ts'
import { createNodeNode } from '../node/node-node.ts'
import type { RelayPeer } from '../node/reservations.ts'
import { CONNECTION_MONITOR, connectionLimits, flowControlledYamux } from '../node/transport.ts'

/** The real clock and timers, without holding the process. */
export const realHost: NodeHost = {
  clock: { now: () => Date.now() },
  random: Math.random,
  timers: {
    after(ms, run) {
      const timer = setTimeout(run, ms)
      timer.unref()
      return () => clearTimeout(timer)
    },
  },
}

export interface TestRelay extends RelayPeer {
  readonly libp2p: Libp2p
  readonly key: PrivateKey
  readonly stop: () => Promise<void>
}

/** A relay on loopback without limits. With a key and address given it is the same one started again. */
export async function startRelay(
  options: { readonly key?: PrivateKey; readonly listen?: string; readonly maxReservations?: number } = {},
): Promise<TestRelay> {
  const key = options.key ?? (await generateKeyPair('Ed25519'))
  const libp2p = await createLibp2p({
    privateKey: key,
    addresses: { listen: [options.listen ?? '/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [flowControlledYamux()],
    connectionManager: connectionLimits(500),
    connectionMonitor: CONNECTION_MONITOR,
    services: {
      identify: identify(),
      ping: ping(),
      relay: circuitRelayServer({
        maxInboundHopStreams: 500,
        maxOutboundStopStreams: 500,
        reservations: { maxReservations: options.maxReservations ?? 500, applyDefaultLimit: false },
      }),
    },
  })
  return {
    libp2p,
    key,
    peerId: libp2p.peerId.toString(),
    multiaddrs: libp2p.getMultiaddrs().map(String),
    stop: async () => libp2p.stop(),
  }
}

/** A node on loopback; with `listen` empty it is reachable through relays only. */
export async function startNode(
  listen: readonly string[] = ['/ip4/127.0.0.1/tcp/0/ws'],
  refreshRelay?: BaseOptions['refreshRelay'],
): Promise<CairnNode> {
  return createNodeNode({
    privateKey: await generateKeyPair('Ed25519'),
    host: realHost,
    listen,
    allowLocal: true,
    refreshRelay,
  })
}

/** An id that belongs to no node. */
export const strangerId = async (): Promise<string> =>
  peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()

/** Resolves once `holds`, asked again on each change of the node. */
export function until(
  node: { onChange(listener: () => void): () => void },
  holds: () => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!holds()) return
      stop()
      resolve()
    }
    const stop = node.onChange(check)
    queueMicrotask(check)
  })
}
