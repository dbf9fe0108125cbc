import type { CairnError } from '../core/errors.ts'

/** How bytes reach the peer: a connection of our own, or a circuit through a relay. */
export type Path = 'direct' | 'relayed'

/**
 * One stream to one peer, whatever carries it: libp2p in this thread, or a port to the thread that has it.
 * Both directions end on their own. What is not read is not acknowledged, so a slow reader slows the sender.
 */
export interface ByteStream {
  readonly protocol: string
  /** peer id of the other side, proven by the handshake */
  readonly peer: string
  readonly path: Path
  /**
   * The next bytes, in chunks of any size; undefined at the end of what the other side writes.
   *
   * @throws NetError `net.reset`, `net.closed`
   */
  read(): Promise<Uint8Array | undefined>
  /**
   * Sends bytes, in order; resolves when there is room for more. The bytes may change afterwards.
   *
   * @throws NetError `net.reset`, `net.closed`
   */
  write(bytes: Uint8Array): Promise<void>
  /** The same for bytes that nobody changes any more: where it is there, it spares copying them. */
  give?(bytes: Uint8Array): Promise<void>
  /** Nothing more comes from here; reading goes on. */
  closeWrite(): Promise<void>
  /** Ends both directions at once; the other side sees `net.reset`. Harmless when it is over. */
  abort(error?: CairnError): void
}

/** Serves one incoming stream. A rejection aborts the stream; a return without an end closes it. */
export type StreamHandler = (stream: ByteStream) => Promise<void>

export interface OpenOptions {
  readonly signal?: AbortSignal
  /** multiaddrs to try besides those that are known */
  readonly addresses?: readonly string[]
}

export interface PeerConnection {
  readonly peer: string
  /** multiaddr of the other side */
  readonly address: string
  readonly path: Path
  readonly direction: 'inbound' | 'outbound'
  /** ms since epoch */
  readonly since: number
}

/** What the engine needs of a network: streams to peers by their id. */
export interface Net {
  /** our own peer id */
  readonly self: string
  /** multiaddrs under which others reach this node now; empty without a relay */
  addresses(): readonly string[]
  connections(): readonly PeerConnection[]
  /**
   * Opens a stream, over the best connection there is or can be made: direct before relayed.
   *
   * @throws NetError `net.no-addresses`, `net.unreachable`, `net.unsupported`, `net.cancelled`, `net.closed`
   */
  open(peer: string, protocol: string, options?: OpenOptions): Promise<ByteStream>
  /** Serves a protocol until the returned function is called. One handler a protocol. */
  handle(protocol: string, handler: StreamHandler): () => void
  /** Closes every connection to a peer. */
  hangUp(peer: string): Promise<void>
  /** Told of connections that came or went, and of own addresses that changed. */
  onChange(listener: () => void): () => void
}
