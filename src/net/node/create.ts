import type { Connection, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Libp2p } from 'libp2p'
import { NetError } from '../errors.ts'
import type { ByteStream, Net, OpenOptions } from '../net.ts'
import type { CircuitPort } from './circuit-port.ts'
import { createDialer, type DialerOptions, type WhyRelayed } from './dialer.ts'
import { createFlowStream, flowName } from './flow.ts'
import { finish } from './finish.ts'
import type { NodeHost } from './host.ts'
import { createLinks } from './links.ts'
import { pathOf } from './multiaddrs.ts'
import { isBroken, isReset, toNetError } from './net-error.ts'
import { createSupervisor, type RelayLink, type RelayPeer, type SupervisorOptions } from './reservations.ts'
import { createByteStream } from './stream.ts'
import { createTrafficBook, type Traffic } from './traffic.ts'
import { MAX_STREAMS } from './transport.ts'
import { wholeData } from './whole-data.ts'

/**
 * How long the other side may take to accept a stream, ms: longer than that waits behind bulk data. A page that is
 * frozen keeps its connections, and accepts nothing.
 */
const OPEN_LIMIT = 30_000

/** A running node: streams to peers, and the relays through which others reach it. */
export interface CairnNode extends Net {
  readonly libp2p: Libp2p
  /** The relays that were set, each with what is known of it now. */
  relays(): readonly RelayLink[]
  /** Keeps a connection and a reservation with exactly these relays from now on. */
  setRelays(relays: readonly RelayPeer[]): void
  /** Tries relays that are away at once instead of waiting: the device came back online. */
  retryNow(): void
  /** Bytes of streams to and from a connected peer since it connected. */
  traffic(peer: string): Traffic
  /** Why a peer is not reached directly; undefined when it is, or when nothing was tried from here. */
  whyRelayed(peer: string): WhyRelayed | undefined
  /** Ends every stream with `net.closed` and every connection. */
  stop(): Promise<void>
}

/** What a host's module puts together for {@link createNode}. */
export interface NodeParts {
  /** started */
  readonly libp2p: Libp2p
  readonly host: NodeHost
  readonly circuit: CircuitPort
  readonly ping: SupervisorOptions['ping']
  readonly direct: DialerOptions['direct']
  readonly refreshRelay?: SupervisorOptions['refresh']
}

/** A {@link Net} over a libp2p node. Stopping it stops the libp2p node. */
export function createNode(parts: NodeParts): CairnNode {
  const { libp2p, host } = parts
  const links = createLinks(libp2p, host)
  const dialer = createDialer({ libp2p, links, host, direct: parts.direct })
  const traffic = createTrafficBook()
  const listeners = new Set<() => void>()
  const streams = new Map<Stream, ByteStream>()
  /** bytes of streams, either way: one connection of a peer may be dead while another is not */
  const moved = new WeakMap<Connection, number>()
  const handled = new Set<string>()
  let stopped: Promise<void> | undefined

  const changed = (): void => {
    for (const listener of listeners) listener()
  }
  const supervisor = createSupervisor({
    libp2p,
    host,
    circuit: parts.circuit,
    ping: parts.ping,
    onChange: changed,
    refresh: parts.refreshRelay,
  })
  const watched = ['connection:open', 'connection:close', 'self:peer:update'] as const
  for (const event of watched) libp2p.addEventListener(event, changed)
  libp2p.addEventListener('peer:disconnect', ({ detail }) => traffic.forget(detail.toString()))

  const adopt = (raw: Stream, link: Connection, protocol: string): ByteStream => {
    const peer = link.remotePeer.toString()
    const passed = (bytes: number): number => {
      moved.set(link, (moved.get(link) ?? 0) + bytes)
      return bytes
    }
    const plain = createByteStream(wholeData(raw), {
      peer,
      protocol,
      path: pathOf(link.remoteAddr),
      onReceived: (bytes) => traffic.received(peer, passed(bytes)),
      onSent: (bytes) => traffic.sent(peer, passed(bytes)),
      onClose: () => void streams.delete(raw),
    })
    const stream = raw.protocol === protocol ? plain : createFlowStream(plain, protocol)
    if (raw.status === 'open') streams.set(raw, stream)
    return stream
  }

  /** Nothing passes, and nobody else looks after the connection: it is there on our side only. */
  const isDead = (link: Connection, before: number | undefined): boolean =>
    moved.get(link) === before &&
    !supervisor.relays().some(({ peerId }) => peerId === link.remotePeer.toString())
  const openOver = async (link: Connection, protocol: string, signal?: AbortSignal): Promise<ByteStream> => {
    const names = hasWindows(link) ? [protocol] : [flowName(protocol), protocol]
    const peer = link.remotePeer.toString()
    const before = moved.get(link)
    const late = new AbortController()
    const timeout = new NetError('net.timeout', { peer, ms: OPEN_LIMIT })
    const cancel = host.timers.after(OPEN_LIMIT, () => late.abort(timeout))
    try {
      const raw = await link.newStream(names, {
        runOnLimitedConnection: true,
        maxOutboundStreams: MAX_STREAMS,
        signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]),
      })
      return adopt(raw, link, protocol)
    } catch (error) {
      if (!late.signal.aborted) throw error
      // The next try makes a new one.
      if (isDead(link, before)) link.abort(timeout)
      throw timeout
    } finally {
      cancel()
    }
  }

  const open = async (peer: string, protocol: string, options: OpenOptions = {}): Promise<ByteStream> => {
    const { signal, addresses = [] } = options
    for (let attempt = 1; ; attempt++) {
      if (stopped !== undefined) throw new NetError('net.closed')
      if (signal?.aborted === true) throw new NetError('net.cancelled')
      const link = await orCancelled(dialer.reach(peer, addresses), signal)
      try {
        return await openOver(link, protocol, signal)
      } catch (error) {
        if (stopped !== undefined) throw new NetError('net.closed', {}, { cause: error })
        // Closed under us, as one that lost to a better connection is: there may be that better one. A
        // connection can also look open long after the other side has given it up.
        if (attempt === 1 && isBroken(error)) {
          if (link.status === 'open' && !isReset(error)) link.abort(toNetError(error, { peer }))
          continue
        }
        throw toNetError(error, { peer, protocol }, signal)
      }
    }
  }

  return {
    libp2p,
    self: libp2p.peerId.toString(),
    addresses: () => libp2p.getMultiaddrs().map(String),
    connections: links.list,
    open,
    handle(protocol, handler) {
      if (handled.has(protocol)) throw new Error(`${protocol} has a handler`)
      handled.add(protocol)
      const serve = (raw: Stream, link: Connection): void => {
        void finish(adopt(raw, link, protocol), handler, host.timers)
      }
      const names = parts.direct === 'webrtc' ? [protocol, flowName(protocol)] : [protocol]
      const options = {
        runOnLimitedConnection: true,
        maxInboundStreams: MAX_STREAMS,
        maxOutboundStreams: MAX_STREAMS,
      }
      // In force at once; what follows tells connected peers, and fails only when the node is stopped.
      libp2p.handle(names, serve, options).catch(() => undefined)
      return () => {
        if (!handled.delete(protocol)) return
        libp2p.unhandle(names).catch(() => undefined)
      }
    },
    hangUp: (peer) => libp2p.hangUp(peerIdFromString(peer)),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    relays: supervisor.relays,
    setRelays: supervisor.setRelays,
    retryNow: supervisor.retryNow,
    traffic: traffic.of,
    whyRelayed: dialer.whyRelayed,
    stop() {
      stopped ??= (async () => {
        supervisor.stop()
        dialer.stop()
        links.stop()
        for (const stream of streams.values()) stream.abort(new NetError('net.closed'))
        await libp2p.stop()
        for (const event of watched) libp2p.removeEventListener(event, changed)
      })()
      return stopped
    },
  }
}

/** yamux has a window for each stream; a data channel has none. */
const hasWindows = (link: Connection): boolean => link.multiplexer?.startsWith('/yamux/') === true

/** A shared dial goes on when one of its callers gives up. */
function orCancelled<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  const { promise, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(new NetError('net.cancelled', {}, { cause: signal.reason }))
  signal.addEventListener('abort', onAbort, { once: true })
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', onAbort))
}
