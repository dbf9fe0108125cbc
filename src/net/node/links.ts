import type { Connection } from '@libp2p/interface'
import type { Libp2p } from 'libp2p'
import { peerIdFromString } from '@libp2p/peer-id'
import type { PeerConnection } from '../net.ts'
import type { NodeHost } from './host.ts'
import { pathOf } from './multiaddrs.ts'

/** How long both sides have to see a new connection before one that lost to it is closed, ms. */
const GRACE = 1_000

/** Streams of libp2p's own that nobody waits for: a connection with no others carries nothing. */
const HOUSEKEEPING = /^\/(ipfs\/(id|ping)\/|libp2p\/autonat\/|webrtc-signaling\/)/

/**
 * Which of two connections to one peer is kept, the same seen from either side: direct before relayed, then
 * the one that the smaller peer id dialed, then the newer, since whoever dials again has lost the older.
 * Negative when `a` is.
 */
export function compareLinks(self: string, a: Connection, b: Connection): number {
  const relayed = (link: Connection): number => (pathOf(link.remoteAddr) === 'direct' ? 0 : 1)
  const dialedByLarger = (link: Connection): number => {
    const peer = link.remotePeer.toString()
    return (link.direction === 'outbound' ? self < peer : peer < self) ? 0 : 1
  }
  return (
    relayed(a) - relayed(b) ||
    dialedByLarger(a) - dialedByLarger(b) ||
    b.timeline.open - a.timeline.open ||
    (a.id < b.id ? -1 : 1)
  )
}

/** The connections of a node: one in use per peer. */
export interface Links {
  /** the connection in use; undefined when there is none */
  best(peer: string): Connection | undefined
  list(): readonly PeerConnection[]
  stop(): void
}

/**
 * Watches a node's connections. One that lost to a better is given no new streams; it is closed when those it
 * has are done, so that an upgrade breaks no transfer.
 */
export function createLinks(libp2p: Libp2p, host: NodeHost): Links {
  const self = libp2p.peerId.toString()
  const waiting = new Map<string, () => void>()

  const open = (peer: string): Connection[] =>
    libp2p
      .getConnections(peerIdFromString(peer))
      .filter(({ status }) => status === 'open')
      .sort((a, b) => compareLinks(self, a, b))
  const best = (peer: string): Connection | undefined => open(peer)[0]

  const retireLater = (peer: string): void => {
    if (waiting.has(peer)) return
    waiting.set(
      peer,
      host.timers.after(GRACE, () => {
        waiting.delete(peer)
        const idle = open(peer)
          .slice(1)
          .filter(({ streams }) => streams.every(({ protocol }) => HOUSEKEEPING.test(protocol)))
        for (const link of idle) link.close().catch((error: Error) => link.abort(error))
        if (open(peer).length > 1) retireLater(peer)
      }),
    )
  }
  const onOpen = ({ detail }: CustomEvent<Connection>): void => {
    const peer = detail.remotePeer.toString()
    if (open(peer).length > 1) retireLater(peer)
  }
  libp2p.addEventListener('connection:open', onOpen)

  return {
    best,
    list() {
      const peers = new Set(libp2p.getConnections().map(({ remotePeer }) => remotePeer.toString()))
      return [...peers].flatMap((peer) => {
        const link = best(peer)
        if (link === undefined) return []
        const { remoteAddr, direction, timeline } = link
        return {
          peer,
          address: remoteAddr.toString(),
          path: pathOf(remoteAddr),
          direction,
          since: timeline.open,
        }
      })
    },
    stop() {
      libp2p.removeEventListener('connection:open', onOpen)
      for (const cancel of waiting.values()) cancel()
      waiting.clear()
    },
  }
}
