import type { Timers } from '../../core/timers.ts'
import type { Directory } from '../directory-model.ts'
import { NetError } from '../errors.ts'
import type { Net } from '../net.ts'
import { DHT_STREAM_PROTOCOL, greet, type Nonces } from './handshake.ts'
import { dhtKeyPair, peerOfPublicKey, publicKeyOfPeer } from './keys.ts'
import { type KeyOptions, refuseKeys } from './refusal.ts'
import { createDhtServer, type DhtServer, type DhtServerOptions } from './server.ts'
import { createDhtStream, type DhtStream } from './stream.ts'

/** How long the other side may take to answer a greeting, ms: its firewall thinks for less. */
const ANSWERED_WITHIN = 20_000

/** A peer under a topic. */
export interface DhtResult {
  readonly publicKey: Uint8Array
  /** multiaddrs through which it can be reached */
  readonly relayAddresses: readonly string[]
}

export interface DhtConnectOptions extends KeyOptions {
  readonly signal?: AbortSignal
}

/** What a client of a relayed hash table gives, over relays that learn no key and read no data. */
export interface RelayedDht {
  /** this node's identity; its secret half is not to be had here */
  readonly defaultKeyPair: { readonly publicKey: Uint8Array }
  /** Resolves when this node is connected to anyone. @throws NetError `net.closed` */
  ready(): Promise<void>
  /**
   * Opens a stream to whoever has this public key (32 bytes), wherever it is.
   *
   * @throws NetError `net.refused` by its firewall or by ours (see {@link KeyOptions}), `net.no-addresses`,
   * `net.unreachable`, `net.unsupported` when it does not listen, `net.malformed`, `net.timeout`, `net.cancelled`,
   * `net.closed`
   */
  connect(remotePublicKey: Uint8Array, options?: DhtConnectOptions): Promise<DhtStream>
  createServer(onConnection: (stream: DhtStream) => void): DhtServer
  createServer(options: DhtServerOptions, onConnection: (stream: DhtStream) => void): DhtServer
  /** Peers under a topic (32 bytes). @throws NetError `net.no-relay`, `net.cancelled`, `net.closed` */
  lookup(topic: Uint8Array, options?: { readonly signal?: AbortSignal }): AsyncIterable<DhtResult>
  /** @throws NetError as {@link Directory.announce}; `net.refused` for a key that is not ours */
  announce(topic: Uint8Array, keyPair?: KeyOptions['keyPair']): Promise<void>
  unannounce(topic: Uint8Array, keyPair?: KeyOptions['keyPair']): Promise<void>
  /** Ends its streams, servers and announcements. The network and the directory stay with their owner. */
  destroy(): Promise<void>
}

export interface RelayedDhtOptions extends KeyOptions {
  readonly net: Net
  readonly directory: Directory
  readonly timers: Timers
  /** 32 random bytes */
  readonly nonces: Nonces
}

/**
 * Peers reached by their Ed25519 public key alone. The key is the peer id, the handshake is libp2p's Noise
 * between the two ends, and relays carry its ciphertext.
 *
 * @throws NetError `net.refused` when it is handed a secret key
 */
function create(options: RelayedDhtOptions): RelayedDht {
  const { net, directory, timers, nonces } = options
  const own = publicKeyOfPeer(net.self)
  refuseKeys(options, own)
  const streams = new Set<DhtStream>()
  const announced = new Map<string, Uint8Array>()
  const destroyed = new AbortController()
  let listening: DhtServer | undefined

  const open = (): void => {
    if (destroyed.signal.aborted) throw new NetError('net.closed')
  }
  const hold = (stream: DhtStream): void => {
    streams.add(stream)
    // Resolves always, by its contract.
    void stream.closed.then(() => streams.delete(stream))
  }
  const claim = (server: DhtServer): (() => void) => {
    open()
    if (listening !== undefined) throw new NetError('net.limit', { what: 'servers', limit: 1 })
    listening = server
    return () => {
      listening = undefined
    }
  }
  /** Where the directory says the peer is; nothing when it cannot say, as we may be connected already. */
  const addressesOf = async (peer: string, signal: AbortSignal): Promise<readonly string[]> => {
    try {
      return (await directory.find(peer, { signal }))?.addresses ?? []
    } catch (error) {
      if (error instanceof NetError && error.code === 'net.no-relay') return []
      throw error
    }
  }
  const serverOf = (
    first: DhtServerOptions | ((stream: DhtStream) => void),
    second?: (stream: DhtStream) => void,
  ): DhtServer => {
    open()
    const parts = { net, directory, timers, nonces, claim, onStream: hold }
    return typeof first === 'function'
      ? createDhtServer(parts, {}, first)
      : createDhtServer(parts, first, second ?? (() => {}))
  }

  return {
    defaultKeyPair: { publicKey: own },
    async ready() {
      open()
      if (net.connections().length > 0) return
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const stop = net.onChange(() => {
        if (net.connections().length > 0) resolve()
      })
      const onDestroy = (): void => reject(new NetError('net.closed'))
      destroyed.signal.addEventListener('abort', onDestroy, { once: true })
      await promise.finally(() => {
        stop()
        destroyed.signal.removeEventListener('abort', onDestroy)
      })
    },
    async connect(remotePublicKey, connectOptions = {}) {
      open()
      refuseKeys(connectOptions, own)
      const peer = peerOfPublicKey(remotePublicKey)
      const signal = AbortSignal.any([
        destroyed.signal,
        ...(connectOptions.signal === undefined ? [] : [connectOptions.signal]),
      ])
      const addresses = await addressesOf(peer, signal)
      const stream = await net.open(peer, DHT_STREAM_PROTOCOL, { addresses, signal })
      const onAbort = (): void => stream.abort(new NetError('net.cancelled'))
      signal.addEventListener('abort', onAbort, { once: true })
      const stopTimer = timers.after(ANSWERED_WITHIN, () =>
        stream.abort(new NetError('net.timeout', { peer, ms: ANSWERED_WITHIN })),
      )
      try {
        const agreed = await greet(stream, net.self, nonces)
        const opened = createDhtStream({ stream, agreed, self: net.self, timers })
        hold(opened)
        return opened
      } catch (error) {
        stream.abort()
        throw signal.aborted ? new NetError('net.cancelled') : error
      } finally {
        stopTimer()
        signal.removeEventListener('abort', onAbort)
      }
    },
    createServer: serverOf,
    async *lookup(topic, lookupOptions = {}) {
      open()
      for (const { peer, addresses } of await directory.lookup(topic, lookupOptions))
        yield { publicKey: publicKeyOfPeer(peer), relayAddresses: addresses }
    },
    async announce(topic, keyPair) {
      open()
      refuseKeys(keyPair === undefined ? {} : { keyPair }, own)
      announced.set(topic.join(), topic.slice())
      await directory.announce(topic)
    },
    async unannounce(topic, keyPair) {
      refuseKeys(keyPair === undefined ? {} : { keyPair }, own)
      announced.delete(topic.join())
      await directory.unannounce(topic)
    },
    async destroy() {
      if (destroyed.signal.aborted) return
      destroyed.abort()
      for (const stream of streams) stream.destroy()
      await listening?.close()
      await Promise.all([...announced.values()].map((topic) => directory.unannounce(topic)))
    },
  }
}

/** {@link create}, with `keyPair(seed?)` beside it to make identities. */
export const createRelayedDht = Object.assign(create, { keyPair: dhtKeyPair })
