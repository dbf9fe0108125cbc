import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Libp2p } from 'libp2p'
import { NetError } from '../errors.ts'
import { type NodeHost, within } from './host.ts'
import type { Links } from './links.ts'
import { circuitTo, kindOf, parseMultiaddr, pathOf, peerOf, webrtcTo, withPeer } from './multiaddrs.ts'
import { isUnsupported } from './net-error.ts'

/** One dial of plain addresses, then one of circuits, ms. */
const PLAIN_LIMIT = 6_000
const CIRCUIT_LIMIT = 10_000
/** One attempt at WebRTC: candidates of both sides, STUN, the handshake. */
const WEBRTC_LIMIT = 10_000
/** How long a new stream waits for WebRTC before it takes the circuit: 0.2 to 0.8 s is usual. */
const DIRECT_PATIENCE = 1_500
/** A peer that could not be reached directly is tried again on use, but not sooner than this, ms. */
const UPGRADE_AGAIN = 60_000
/** ICE fails now and then for no reason that lasts. */
const ICE_TRIES = 2
/** Addresses of one peer that are looked at; who announces more gains nothing. */
const MAX_ADDRESSES = 16

/**
 * Why a peer is reached through a relay only.
 * `relay-only`: this node hides its addresses; `no-webrtc`: it has no WebRTC; `peer-no-webrtc`: the peer has
 * not; `ice-failed`: no pair of candidates worked.
 */
export type WhyRelayed = 'relay-only' | 'no-webrtc' | 'peer-no-webrtc' | 'ice-failed'

export interface DialerOptions {
  readonly libp2p: Libp2p
  readonly links: Links
  readonly host: NodeHost
  /** how this node makes direct connections through a relay, or why it does not */
  readonly direct: 'webrtc' | 'relay-only' | 'no-webrtc'
}

export interface Dialer {
  /** The connection in use to a peer, or a new one. Calls for the same peer share one dial. */
  reach(peer: string, addresses: readonly string[]): Promise<Connection>
  whyRelayed(peer: string): WhyRelayed | undefined
  stop(): void
}

/**
 * Makes connections: plain addresses first, then a circuit, over which WebRTC is set up while the first
 * streams may already use it. Only the side that dialed the circuit upgrades it, so that two peers do not
 * both.
 */
export function createDialer({ libp2p, links, host, direct }: DialerOptions): Dialer {
  const dials = new Map<string, Promise<Connection>>()
  const upgrades = new Map<string, Promise<void>>()
  const failed = new Map<string, { readonly why: WhyRelayed; readonly at: number }>()
  const stopping = new AbortController()

  const dial = (addresses: readonly Multiaddr[], ms: number): Promise<Connection> =>
    within(host.timers, ms, stopping.signal, (signal) => libp2p.dial([...addresses], { signal, force: true }))

  const known = async (peer: string): Promise<Multiaddr[]> => {
    const id = peerIdFromString(peer)
    if (!(await libp2p.peerStore.has(id))) return []
    return (await libp2p.peerStore.get(id)).addresses.map(({ multiaddr }) => multiaddr)
  }

  const connect = async (peer: string, given: readonly string[]): Promise<Connection> => {
    const asked = given.slice(0, MAX_ADDRESSES).flatMap((text) => parseMultiaddr(text) ?? [])
    const all = [...asked, ...(await known(peer)).slice(0, MAX_ADDRESSES)].map((one) => withPeer(one, peer))
    const mine = all.filter((one) => peerOf(one) === peer)
    if (mine.length === 0) throw new NetError('net.no-addresses', { peer })
    const plain = unique(mine.filter((one) => kindOf(one) === 'plain'))
    const circuits = unique(
      mine.flatMap((one) => (kindOf(one) === 'plain' ? [] : (circuitTo(one, peer) ?? []))),
    )
    const errors: unknown[] = []
    for (const [addresses, ms] of [
      [plain, PLAIN_LIMIT],
      [circuits, CIRCUIT_LIMIT],
    ] as const) {
      if (addresses.length === 0) continue
      try {
        const link = await dial(addresses, ms)
        if (pathOf(link.remoteAddr) === 'relayed') await patiently(upgrade(peer, link))
        return links.best(peer) ?? link
      } catch (error) {
        errors.push(error)
      }
    }
    // It may have reached us while we tried.
    const link = links.best(peer)
    if (link !== undefined) return link
    if (stopping.signal.aborted) throw new NetError('net.closed')
    throw new NetError(
      'net.unreachable',
      { peer, tried: plain.length + circuits.length },
      { cause: new AggregateError(errors) },
    )
  }

  /** Never rejects: why it failed is remembered. */
  const upgrade = (peer: string, link: Connection): Promise<void> => {
    const running = upgrades.get(peer)
    if (running !== undefined) return running
    const started = tryUpgrade(peer, link).finally(() => upgrades.delete(peer))
    upgrades.set(peer, started)
    return started
  }
  const tryUpgrade = async (peer: string, link: Connection): Promise<void> => {
    const failing = (why: WhyRelayed): void => void failed.set(peer, { why, at: host.clock.now() })
    if (direct !== 'webrtc') return failing(direct)
    const address = webrtcTo(link.remoteAddr, peer)
    if (address === undefined) return
    for (let attempt = 1; attempt <= ICE_TRIES; attempt++) {
      if (stopping.signal.aborted || link.status !== 'open') return
      try {
        await dial([address], WEBRTC_LIMIT)
        failed.delete(peer)
        return
      } catch (error) {
        if (saysUnsupported(error)) return failing('peer-no-webrtc')
      }
    }
    failing('ice-failed')
  }
  const patiently = (done: Promise<void>): Promise<void> =>
    new Promise((resolve) => {
      const cancel = host.timers.after(DIRECT_PATIENCE, resolve)
      void done.then(() => {
        cancel()
        resolve()
      })
    })

  const onDisconnect = ({ detail }: CustomEvent<{ toString(): string }>): void =>
    void failed.delete(detail.toString())
  libp2p.addEventListener('peer:disconnect', onDisconnect)

  return {
    reach(peer, addresses) {
      const link = links.best(peer)
      if (link !== undefined) {
        const last = failed.get(peer)?.at ?? Number.NEGATIVE_INFINITY
        const dialedHere = pathOf(link.remoteAddr) === 'relayed' && link.direction === 'outbound'
        if (dialedHere && host.clock.now() - last >= UPGRADE_AGAIN) void upgrade(peer, link)
        return Promise.resolve(link)
      }
      const running = dials.get(peer)
      // Whoever began it may have known fewer addresses.
      if (running !== undefined)
        return addresses.length === 0 ? running : running.catch(() => this.reach(peer, addresses))
      const started = connect(peer, addresses).finally(() => dials.delete(peer))
      dials.set(peer, started)
      return started
    },
    whyRelayed(peer) {
      const link = links.best(peer)
      return link !== undefined && pathOf(link.remoteAddr) === 'relayed' ? failed.get(peer)?.why : undefined
    },
    stop() {
      stopping.abort()
      libp2p.removeEventListener('peer:disconnect', onDisconnect)
    },
  }
}

function unique(addresses: readonly Multiaddr[]): Multiaddr[] {
  return [...new Map(addresses.map((address) => [address.toString(), address])).values()]
}

const saysUnsupported = (error: unknown): boolean =>
  isUnsupported(error) || (error instanceof AggregateError && error.errors.some(isUnsupported))
