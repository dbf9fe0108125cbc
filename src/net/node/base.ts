import { type Identify, identify } from '@libp2p/identify'
import type { PrivateKey } from '@libp2p/interface'
import type { ICryptoInterface } from '@libp2p/noise'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Ping, ping } from '@libp2p/ping'
import type { Libp2p, Libp2pOptions } from 'libp2p'
import type { CircuitPort } from './circuit-port.ts'
import { type CairnNode, createNode, type NodeParts } from './create.ts'
import { createGater } from './gater.ts'
import type { NodeHost } from './host.ts'
import { quietNoise } from './noise.ts'
import type { SupervisorOptions } from './reservations.ts'
import { CONNECTION_MONITOR, connectionLimits, flowControlledYamux } from './transport.ts'

/** What every host's node is made from. */
export interface BaseOptions {
  readonly privateKey: PrivateKey
  readonly host: NodeHost
  /** dial this machine and its network, and WebSockets without TLS: the app itself is served from there */
  readonly allowLocal: boolean
  /** see `SupervisorOptions` */
  readonly refreshRelay?: SupervisorOptions['refresh']
}

interface Services extends Record<string, unknown> {
  readonly identify: Identify
  readonly ping: Ping
}

/** The part of libp2p's options that is the same on every host. */
export const baseInit = (
  options: BaseOptions,
  limits: { readonly maxConnections: number; readonly secureOnly: boolean },
  /** what Noise computes with, if it is not what @libp2p/noise has for this host */
  crypto?: ICryptoInterface,
): Libp2pOptions<Services> => ({
  privateKey: options.privateKey,
  connectionEncrypters: [quietNoise(crypto === undefined ? {} : { crypto })],
  streamMuxers: [flowControlledYamux()],
  connectionGater: createGater({ allowLocal: options.allowLocal, secureOnly: limits.secureOnly }),
  connectionManager: connectionLimits(limits.maxConnections),
  connectionMonitor: CONNECTION_MONITOR,
  services: { identify: identify(), ping: ping() },
})

/** The node around a libp2p node that was made from {@link baseInit}. */
export const wrap = (
  libp2p: Libp2p<Services>,
  circuit: CircuitPort,
  options: BaseOptions,
  direct: NodeParts['direct'],
): CairnNode =>
  createNode({
    libp2p,
    host: options.host,
    circuit,
    ping: (peer, signal) => libp2p.services.ping.ping(peerIdFromString(peer), { signal }),
    direct,
    refreshRelay: options.refreshRelay,
  })
