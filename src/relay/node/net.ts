import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Timers } from '../../core/timers.ts'
import { NetError } from '../../net/errors.ts'
import type { Net, OpenOptions, PeerConnection, StreamHandler } from '../../net/net.ts'
import { finish } from '../../net/node/finish.ts'
import { parseMultiaddr, pathOf, withPeer } from '../../net/node/multiaddrs.ts'
import { isUnsupported, toNetError } from '../../net/node/net-error.ts'
import { createByteStream } from '../../net/node/stream.ts'
import { errorFields } from '../http/log.ts'
import type { Log } from '../http/log.ts'
import { newestFirst } from './newest.ts'

/** A dial and the opening of a stream take at most this, ms. */
const OPEN_MS = 15_000
/** Addresses of one peer that are tried. */
const MAX_ADDRESSES = 16

/**
 * The relay's node as protocols see it. The relay has neither circuits nor WebRTC of its own: it reaches
 * those that are connected to it, and other relays and PDS-side nodes by their addresses.
 *
 * @param streams most streams of one protocol on one connection
 */
export function createRelayNet(
  libp2p: Libp2p,
  options: { readonly log: Log; readonly timers: Timers; readonly streams: number },
): Net {
  const { log, timers } = options
  const listeners = new Set<() => void>()
  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  for (const event of ['connection:open', 'connection:close', 'self:peer:update'] as const) {
    libp2p.addEventListener(event, changed)
  }

  const wrap = (stream: Stream, connection: Connection, protocol: string) =>
    createByteStream(stream, {
      peer: connection.remotePeer.toString(),
      path: pathOf(connection.remoteAddr),
      protocol,
    })

  const serve = (handler: StreamHandler, stream: Stream, connection: Connection): Promise<void> => {
    const told: StreamHandler = async (bytes) => {
      try {
        await handler(bytes)
      } catch (error) {
        log('debug', 'stream.failed', { protocol: stream.protocol, ...errorFields(error) })
        throw error
      }
    }
    return finish(wrap(stream, connection, stream.protocol), told, timers)
  }

  const reach = async (peer: string, signal: AbortSignal, open: OpenOptions): Promise<Connection> => {
    const id = peerIdFromString(peer)
    const [there] = newestFirst(libp2p.getConnections(id)).filter(({ status }) => status === 'open')
    if (there !== undefined) return there
    const addresses = (open.addresses ?? [])
      .slice(0, MAX_ADDRESSES)
      .map(parseMultiaddr)
      .filter((one): one is Multiaddr => one !== undefined)
      .map((one) => withPeer(one, peer))
    if (addresses.length === 0 && !(await libp2p.peerStore.has(id)))
      throw new NetError('net.no-addresses', { peer })
    try {
      return await libp2p.dial(addresses.length === 0 ? id : addresses, { signal })
    } catch (cause) {
      if (open.signal?.aborted === true) throw new NetError('net.cancelled', {}, { cause })
      throw new NetError('net.unreachable', { peer, tried: addresses.map(String) }, { cause })
    }
  }

  return {
    self: libp2p.peerId.toString(),
    addresses: () => libp2p.getMultiaddrs().map(String),
    connections: () => libp2p.getConnections().map(describe),
    open: async (peer, protocol, open = {}) => {
      const signals = [AbortSignal.timeout(OPEN_MS), ...(open.signal === undefined ? [] : [open.signal])]
      const signal = AbortSignal.any(signals)
      if (open.signal?.aborted === true) throw new NetError('net.cancelled')
      const connection = await reach(peer, signal, open)
      try {
        const stream = await connection.newStream(protocol, {
          signal,
          maxOutboundStreams: options.streams,
          runOnLimitedConnection: true,
        })
        return wrap(stream, connection, protocol)
      } catch (error) {
        if (isUnsupported(error)) throw new NetError('net.unsupported', { peer, protocol }, { cause: error })
        throw toNetError(error, { peer, protocol }, open.signal)
      }
    },
    handle: (protocol, handler) => {
      const failed = (error: unknown): void =>
        log('error', 'protocol.failed', { protocol, ...errorFields(error) })
      // `serve` does not reject.
      const added = libp2p.handle(protocol, (stream, connection) => void serve(handler, stream, connection), {
        maxInboundStreams: options.streams,
        runOnLimitedConnection: true,
      })
      added.catch(failed)
      return () => void libp2p.unhandle(protocol).catch(failed)
    },
    hangUp: (peer) => libp2p.hangUp(peerIdFromString(peer)),
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function describe(connection: Connection): PeerConnection {
  return {
    peer: connection.remotePeer.toString(),
    address: connection.remoteAddr.toString(),
    path: pathOf(connection.remoteAddr),
    direction: connection.direction,
    since: connection.timeline.open,
  }
}
