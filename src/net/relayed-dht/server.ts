import type { Timers } from '../../core/timers.ts'
import { peerTopic } from '../directory/topic.ts'
import type { Directory } from '../directory-model.ts'
import { NetError } from '../errors.ts'
import type { ByteStream, Net } from '../net.ts'
import { DHT_STREAM_PROTOCOL, type Nonces, receive } from './handshake.ts'
import { publicKeyOfPeer } from './keys.ts'
import { type KeyOptions, refuseKeys } from './refusal.ts'
import { createDhtStream, type DhtStream } from './stream.ts'

/** How long a firewall may think, and the other side may take to greet, ms. */
const GREET_WITHIN = 15_000

export interface DhtServerOptions extends KeyOptions {
  /**
   * Asked before anything of the stream is read: true keeps the peer out, as in the source system. So does
   * an answer that fails. Without a firewall everyone may come in.
   */
  readonly firewall?: (remotePublicKey: Uint8Array) => boolean | Promise<boolean>
}

export interface DhtAddress {
  readonly publicKey: Uint8Array
  /** multiaddrs under which it is reached now */
  readonly addresses: readonly string[]
}

/** Takes streams that other peers open to this node's public key. */
export interface DhtServer {
  /**
   * Begins to take streams, and announces this node so that its key alone finds it. When no relay is there the
   * announcement follows once one is.
   *
   * @throws NetError `net.limit` when another server listens: there is one key; `net.refused`
   */
  listen(keyPair?: KeyOptions['keyPair']): Promise<void>
  /** Takes no more streams, and takes back the announcement. Streams that are open go on. */
  close(): Promise<void>
  /** undefined while it does not listen */
  address(): DhtAddress | undefined
}

export interface DhtServerParts {
  readonly net: Pick<Net, 'self' | 'addresses' | 'handle'>
  readonly directory: Pick<Directory, 'announce' | 'unannounce'>
  readonly timers: Timers
  readonly nonces: Nonces
  /** Takes the one place for a server; gives it back by the function that comes out. */
  claim(server: DhtServer): () => void
  onStream(stream: DhtStream): void
}

export function createDhtServer(
  parts: DhtServerParts,
  options: DhtServerOptions,
  onConnection: (stream: DhtStream) => void,
): DhtServer {
  const { net, directory, timers, nonces } = parts
  const own = publicKeyOfPeer(net.self)
  refuseKeys(options, own)
  const topic = peerTopic(net.self)
  let stop: (() => void) | undefined

  const admits = async (peer: string): Promise<boolean> => {
    try {
      return options.firewall === undefined || !(await options.firewall(publicKeyOfPeer(peer)))
    } catch {
      return false
    }
  }
  const serve = async (stream: ByteStream): Promise<void> => {
    const stopTimer = timers.after(GREET_WITHIN, () =>
      stream.abort(new NetError('net.timeout', { peer: stream.peer, ms: GREET_WITHIN })),
    )
    const agreed = await receive(stream, net.self, nonces, () => admits(stream.peer)).finally(stopTimer)
    if (agreed === undefined) return
    const opened = createDhtStream({ stream, agreed, self: net.self, timers })
    parts.onStream(opened)
    onConnection(opened)
    // The stream is closed behind whoever returns from here.
    await opened.closed
  }

  const server: DhtServer = {
    async listen(keyPair) {
      refuseKeys(keyPair === undefined ? {} : { keyPair }, own)
      if (stop !== undefined) return
      const release = parts.claim(server)
      const unhandle = net.handle(DHT_STREAM_PROTOCOL, serve)
      stop = () => {
        unhandle()
        release()
      }
      try {
        await directory.announce(topic)
      } catch (error) {
        if (!(error instanceof NetError) || error.code !== 'net.no-relay') throw error
      }
    },
    async close() {
      if (stop === undefined) return
      stop()
      stop = undefined
      await directory.unannounce(topic)
    },
    address: () => (stop === undefined ? undefined : { publicKey: own, addresses: net.addresses() }),
  }
  return server
}
