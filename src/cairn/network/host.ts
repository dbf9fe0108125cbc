import type { Net } from '../../net/net.ts'
import type { OpenSocket } from '../../pds/firehose/socket.ts'
import type { Channel } from './channel.ts'
import type { Locks } from './leadership.ts'

/** A relay as its description says. */
export interface RelayAddress {
  readonly peerId: string
  readonly multiaddrs: readonly string[]
  /** STUN servers that it names; undefined: it says nothing of them */
  readonly stun?: readonly string[] | undefined
}

/** How the connection to one relay stands. */
export interface RelayLink {
  readonly peerId: string
  readonly state: 'connecting' | 'connected' | 'unreachable' | 'refused'
  /** round trip, ms */
  readonly latency: number | undefined
  readonly since: number | undefined
  readonly nextTryAt: number | undefined
  readonly error: { readonly code: string; readonly fields: Readonly<Record<string, unknown>> } | undefined
}

/** What a node knows of the bytes and ways to one peer. */
export interface PeerLink {
  readonly peer: string
  readonly received: number
  readonly sent: number
  /** code of why no direct connection could be made */
  readonly whyRelayed: string | undefined
}

export interface NodeConfig {
  /** the node's key pair, libp2p protobuf form; it never leaves this device */
  readonly key: Uint8Array
  readonly relayOnly: boolean
  /** the person's list of STUN servers; while it is the default those that relays name count */
  readonly stun: readonly string[]
  /** dial ws: and private addresses: for an app served from this machine */
  readonly allowLocal: boolean
}

/** A running node, in this thread or another. */
export interface NodeHandle {
  readonly net: Net
  setRelays(relays: readonly RelayAddress[]): Promise<void>
  relays(): Promise<readonly RelayLink[]>
  peers(): Promise<readonly PeerLink[]>
  /** Told when the state of a relay changed. */
  onRelays(listener: () => void): () => void
  stop(): Promise<void>
}

/** What the network needs of the place that Cairn runs in. */
export interface NetworkHost {
  readonly locks: Locks
  readonly channel: Channel
  /** web origin of the app, whose server is a relay too */
  readonly app: string
  /** each kind of context has a key of its own: two nodes of one device never share a peer id */
  readonly context: 'page' | 'service-worker'
  /** connections between two browsers can be made here */
  readonly direct: boolean
  readonly background: 'sync' | 'periodic' | 'none'
  /** how to listen to the servers of accounts; undefined: they are not listened to */
  readonly live?: {
    readonly open: OpenSocket
    /** Told when the browser says that there is a network again. Returns how to stop. */
    onOnline(listener: () => void): () => void
  }
  startNode(config: NodeConfig): Promise<NodeHandle>
  newId(): string
}
