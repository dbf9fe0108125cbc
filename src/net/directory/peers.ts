/** Another relay that speaks the directory protocol. */
export interface RelayAddress {
  readonly peer: string
  /** multiaddrs */
  readonly addresses: readonly string[]
}

export interface DirectoryPeersOptions {
  readonly signal?: AbortSignal
}

/** How relays find each other by what they hold: a distributed hash table, or a fixed list. */
export interface DirectoryPeers {
  /**
   * Says that this relay holds announcements under a topic, until `withdraw`.
   *
   * @throws NetError `net.unreachable` when nobody took note of it; the caller tries again
   */
  provide(topic: Uint8Array, options?: DirectoryPeersOptions): Promise<void>
  withdraw(topic: Uint8Array): Promise<void>
  /** Relays that hold something under a topic, this one left out. Empty when it knows of no other. */
  findRelays(topic: Uint8Array, options?: DirectoryPeersOptions): Promise<readonly RelayAddress[]>
  /** Told when another relay came within reach: what nobody took note of may be provided again. */
  onJoin(listener: () => void): () => void
}
