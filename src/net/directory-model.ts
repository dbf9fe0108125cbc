/** What a browser says of itself, signed by its own key: which topic, where it is, until when. */
export interface Announcement {
  /** 32 bytes */
  readonly topic: Uint8Array
  readonly peer: string
  /** multiaddrs */
  readonly addresses: readonly string[]
  /** grows with every announcement of this peer, over restarts too */
  readonly seq: number
  /** ms since epoch */
  readonly expiresAt: number
}

export interface LookupOptions {
  readonly limit?: number
  readonly signal?: AbortSignal
}

/** Topics to peers, by way of relays that can neither forge nor keep what is said. */
export interface Directory {
  /**
   * Announces this node under a topic at every connected relay, and again before it expires, when our
   * addresses change, and when a relay comes back. Resolves when at least one relay has it, or rejects
   * with `net.no-relay` and goes on trying.
   */
  announce(topic: Uint8Array): Promise<void>
  unannounce(topic: Uint8Array): Promise<void>
  /** Peers under a topic, each answer's signature checked here; ourselves left out. */
  lookup(topic: Uint8Array, options?: LookupOptions): Promise<readonly Announcement[]>
  /** Where a peer is, by its id alone. */
  find(peer: string, options?: LookupOptions): Promise<Announcement | undefined>
  /** Told of peers that come under a topic, or go from it, until the returned function is called. */
  watch(
    topic: Uint8Array,
    listener: (change: { readonly type: 'add' | 'remove'; readonly announcement: Announcement }) => void,
  ): () => void
  close(): Promise<void>
}
