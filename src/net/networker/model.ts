import type { Timers } from '../../core/timers.ts'
import type { Clock } from '../../core/clock.ts'
import type { Directory } from '../directory-model.ts'
import type { Net, Path } from '../net.ts'
import type { Topic } from '../topics.ts'
import type { TypedEvents } from './events.ts'
import type { ExtensionHandlers, Extension, NamedExtension } from './extension-model.ts'
import type { NetworkerLimits } from './limits.ts'

/**
 * How a topic is given: whole, or as its 32 bytes or 64 hexadecimal digits alone. Given alone, the bytes are
 * their own secret: whoever knows the topic, a relay too, can take part.
 */
export type TopicInput = Topic | Uint8Array | string

/** The stream that links two networkers. */
export interface PeerStream {
  /** peer id of the other side, proven by the transport's handshake */
  readonly peer: string
  /** multiaddr of the other side; empty when the connection is gone */
  readonly remoteAddress: string
  readonly type: Path
  /** we opened it */
  readonly initiator: boolean
  /** ms since epoch */
  readonly since: number
  /** bytes of frames in each direction so far */
  readonly received: number
  readonly sent: number
  /** Ends it. The peer is tried again after a pause, where a topic asks for it. */
  destroy(error?: Error): void
}

export interface Peer {
  /** peer id */
  readonly id: string
  /** the Ed25519 key in the id, 32 bytes; for another kind of id, its text as bytes */
  readonly remotePublicKey: Uint8Array
  readonly remoteAddress: string
  readonly type: Path
  readonly stream: PeerStream
  /** topics that both sides have configured and proven to each other now */
  readonly topics: readonly Topic[]
}

export interface NetworkerEvents {
  /** a topic is configured; told before anything is sent */
  joined: { readonly topic: Uint8Array }
  /** all peers that were found were tried, and all handshakes are done */
  flushed: { readonly topic: Uint8Array }
  /** a topic is no longer configured */
  left: { readonly topic: Uint8Array }
  'peer-add': { readonly peer: Peer }
  'peer-remove': { readonly peer: Peer; readonly error: Error | undefined }
  /** both sides now share these topics besides those before */
  'peer-topics': { readonly peer: Peer; readonly added: readonly Topic[]; readonly removed: readonly Topic[] }
  'stream-opened': { readonly stream: PeerStream }
  /** after `peer-add`: the handshake of its stream is done */
  handshake: { readonly stream: PeerStream; readonly peer: Peer }
  /** the handshake of a stream ended, well or not: once for each that was opened */
  'stream-processed': { readonly stream: PeerStream }
  'stream-closed': {
    readonly stream: PeerStream
    readonly finishedHandshake: boolean
    readonly error: Error | undefined
  }
  /** a stream failed, or `replicate` did: nothing needs to be done, it is tried again after a pause */
  'replication-error': {
    readonly error: Error
    readonly peer: string
    readonly topics: readonly Topic[]
    /** ms until `replicate` is called again; undefined when a stream failed */
    readonly retryInMs: number | undefined
  }
  /** a topic could not be announced or looked up; tried again after a pause */
  'topic-error': { readonly topic: Uint8Array; readonly error: Error; readonly retryInMs: number }
  /** a topic or a ban could not be written to the store; it holds until the end of this session */
  'store-error': { readonly error: Error }
}

export interface ConfigureOptions {
  /** others find this node under the topic; true unless told */
  readonly announce?: boolean
  /** this node looks for others and opens links to them; true unless told */
  readonly lookup?: boolean
  /** wait until the topic is flushed; true unless told */
  readonly flush?: boolean
  /** with the same settings as before: announce and look up anew; true unless told */
  readonly rejoin?: boolean
  /** takes back what this call changed, and rejects with `net.cancelled` */
  readonly signal?: AbortSignal
}

export interface TopicStatus {
  readonly topic: Topic
  readonly announce: boolean
  readonly lookup: boolean
  readonly flushed: boolean
  /** peers found under it that are still announced */
  readonly found: number
  /** linked peers that share it */
  readonly linked: number
  /** why the last announcement or lookup failed; undefined when it did not */
  readonly error: Error | undefined
}

export interface Ban {
  readonly peer: string
  /** ms since epoch; undefined: for good */
  readonly until: number | undefined
  readonly reason: string
  /** of one that nobody asked for: when it began. It is over, too, once the clock has been set back to before that */
  readonly from?: number
}

/** A row of what is kept over restarts: plain data, small, keyed by an ASCII text. */
export interface NetworkerRow {
  readonly key: string
  readonly value: unknown
}

/** Where topics and bans are kept. The node's identity, its peer id, is kept by whoever made the `Net`. */
export interface NetworkerStore {
  load(): Promise<readonly NetworkerRow[]>
  save(row: NetworkerRow): Promise<void>
  remove(key: string): Promise<void>
}

/**
 * Brings what two peers share up to date, and goes on for as long as it likes; `signal` aborts when the peer
 * goes, or no longer shares any of the topics, also long after this was done. A rejection is told as
 * `replication-error` and the call made again after a pause.
 */
export type Replicate = (peer: Peer, topics: readonly Topic[], signal: AbortSignal) => Promise<void>

export interface NetworkerOptions {
  readonly net: Net
  readonly directory: Directory
  readonly replicate: Replicate
  /** Turns a peer away by rejecting, or with false; asked once a stream, before anything is told to it. */
  readonly authenticate?: (remotePublicKey: Uint8Array, peer: string) => Promise<boolean | void>
  /** Whether a peer may know of a topic; all may, unless told. Asked when either changes; must not throw. */
  readonly mayShare?: (peer: string, topic: Topic) => boolean
  readonly store: NetworkerStore
  readonly timers: Timers
  readonly clock: Clock
  /** a random 32-bit number, from a source fit for keys */
  readonly random: () => number
  readonly limits?: Partial<NetworkerLimits>
}

export interface NetworkerStats {
  readonly topics: number
  readonly links: number
  /** handshakes under way */
  readonly processing: number
  readonly known: number
  readonly opened: number
  readonly processed: number
  readonly dials: number
  readonly failedDials: number
  readonly replications: number
  readonly failedReplications: number
  /** links that were given up: the peer read too slowly, or said nothing for too long */
  readonly dropped: number
}

/** Finds peers by topic, keeps one link to each, and has what they share replicated. */
export interface Networker extends TypedEvents<NetworkerEvents> {
  /** own peer id */
  readonly self: string
  readonly peers: ReadonlySet<Peer>
  readonly streams: ReadonlySet<PeerStream>
  /**
   * Serves other networkers and takes up the topics of the last session; nothing happens before it. The
   * first `configure` calls it. Resolves without waiting for any peer.
   *
   * @throws NetError `net.closed`
   */
  listen(): Promise<void>
  /**
   * Joins a topic, or leaves it with both `announce` and `lookup` false. Resolves when the topic is flushed
   * (at once with `flush: false`) or left. When it rejects with a reason of the network the topic stays
   * configured and is tried again after a pause; `flushed` is told when it succeeds.
   *
   * @throws NetError `net.malformed` (no topic), `net.limit`, `net.cancelled` (by `signal`, or left
   * meanwhile), `net.closed`; from a flush also `net.no-relay`, `net.timeout` and what the directory throws
   */
  configure(topic: TopicInput, options?: ConfigureOptions): Promise<void>
  joined(topic: TopicInput): boolean
  flushed(topic: TopicInput): boolean
  /** undefined when the topic is not configured */
  status(topic: TopicInput): TopicStatus | undefined
  allStatuses(): readonly TopicStatus[]
  /**
   * Adds messages of one's own to the links. Messages of one name reach every extension of that name.
   *
   * @throws NetError `net.malformed` (no name, or over 64 bytes), `net.limit`, `net.closed`
   */
  registerExtension<T>(
    name: string,
    handlers: ExtensionHandlers<T> | ((extension: Extension<T>) => ExtensionHandlers<T>),
  ): Extension<T>
  registerExtension<T>(
    handlers: NamedExtension<T> | ((extension: Extension<T>) => NamedExtension<T>),
  ): Extension<T>
  /**
   * Closes every connection to a peer and refuses it until `until` (ms since epoch), or for good. Kept over
   * restarts.
   */
  ban(peer: string, options?: { readonly until?: number; readonly reason?: string }): Promise<void>
  unban(peer: string): Promise<void>
  bans(): readonly Ban[]
  stats(): NetworkerStats
  /** Leaves the directory, ends extensions, links and timers. Settings stay in the store. Again: no harm. */
  close(): Promise<void>
}
