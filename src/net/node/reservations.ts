import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Libp2p } from 'libp2p'
import type { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'
import { type CircuitPort, MAX_RELAYS } from './circuit-port.ts'
import { type NodeHost, within } from './host.ts'
import { parseMultiaddr, withPeer } from './multiaddrs.ts'
import { isBroken, isUnsupported } from './net-error.ts'

/** Delays between tries, ms: doubled from the first to the last, drawn from the upper half of each. */
const FIRST_DELAY = 500
const LAST_DELAY = 60_000
/** One try: connect, handshake, reserve. */
const TRY_LIMIT = 15_000
/** How often a relay is asked whether it is still there, and how long it may take behind bulk data, ms. */
const PING_EVERY = 20_000
const PING_LIMIT = 20_000
/** Pause after a ping that was lost. */
const PING_AGAIN = 2_000
/** Pings in a row without an answer after which the connection is given up. */
const PINGS_LOST = 3

/** A relay to be reachable through. */
export interface RelayPeer {
  readonly peerId: string
  readonly multiaddrs: readonly string[]
}

/** What is known of one relay. All times in ms, `since` and `nextTryAt` since the epoch. */
export interface RelayLink extends RelayPeer {
  readonly state: 'connecting' | 'connected' | 'unreachable' | 'refused'
  readonly since: number | undefined
  readonly nextTryAt: number | undefined
  readonly latency: number | undefined
  readonly error: CairnError | undefined
}

export interface SupervisorOptions {
  readonly libp2p: Libp2p
  readonly circuit: CircuitPort
  readonly host: NodeHost
  /** round trip to a peer, ms */
  readonly ping: (peer: string, signal: AbortSignal) => Promise<number>
  readonly onChange: () => void
  /**
   * Asked before each try after the first that failed: where the relay is now, under which peer id. A relay
   * that moved is found again by its web address.
   */
  readonly refresh?: ((relay: RelayPeer) => Promise<RelayPeer | undefined>) | undefined
}

export interface Supervisor {
  relays(): readonly RelayLink[]
  setRelays(relays: readonly RelayPeer[]): void
  /** Tries every relay that is away at once: the network came back. */
  retryNow(): void
  stop(): void
}

interface Watched {
  relay: RelayPeer
  link: Omit<RelayLink, keyof RelayPeer>
  /** tries since the last success */
  tries: number
  /** raised by what makes the running try obsolete */
  turn: number
  cancel: (() => void) | undefined
}

/**
 * Keeps a connection and a reservation with every relay of a list. libp2p makes a reservation once and renews
 * it while its connection lives; what is lost after that, to a restart, a change of network or a refusal, is
 * made again here.
 */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { libp2p, circuit, host, onChange } = options
  const watched = new Set<Watched>()
  const stopping = new AbortController()

  const show = (one: Watched, change: Partial<Watched['link']>): void => {
    one.link = { ...one.link, ...change }
    onChange()
  }
  const later = (one: Watched, ms: number, run: () => void): void => {
    one.cancel?.()
    one.cancel = host.timers.after(ms, run)
  }

  const begin = (one: Watched): void => {
    one.cancel?.()
    const turn = ++one.turn
    const current = (): boolean => one.turn === turn && watched.has(one)
    show(one, { state: 'connecting', nextTryAt: undefined })
    within(host.timers, TRY_LIMIT, stopping.signal, (signal) => reserve(one, signal)).then(
      (latency) => {
        if (!current()) return
        one.tries = 0
        show(one, { state: 'connected', since: host.clock.now(), latency, error: undefined })
        later(one, PING_EVERY, () => void watch(one, turn, 0))
      },
      (error: unknown) => {
        if (current()) retry(one, toRelayError(error, one.relay))
      },
    )
  }

  const retry = (one: Watched, error: CairnError | undefined): void => {
    const ceiling = Math.min(LAST_DELAY, FIRST_DELAY * 2 ** Math.min(one.tries, 16))
    const delay = Math.round(ceiling * (0.5 + host.random() / 2))
    one.tries++
    one.turn++
    show(one, {
      state: error?.code === 'net.refused' ? 'refused' : 'unreachable',
      since: undefined,
      latency: undefined,
      nextTryAt: host.clock.now() + delay,
      error,
    })
    later(one, delay, () => begin(one))
  }

  const reserve = async (one: Watched, signal: AbortSignal): Promise<number | undefined> => {
    if (one.tries > 0 && options.refresh !== undefined) {
      // Its failure is no news: the addresses that we have may work again.
      const moved = await options.refresh(one.relay).catch(() => undefined)
      if (moved !== undefined) one.relay = moved
    }
    const { peerId, multiaddrs } = one.relay
    const addresses = multiaddrs.flatMap((text) => {
      const address = parseMultiaddr(text)
      return address === undefined ? [] : [withPeer(address, peerId)]
    })
    if (addresses.length === 0) throw new NetError('net.no-addresses', { peer: peerId })
    const link = await connect(peerId, addresses, signal)
    if (!(await circuit.speaksHop(link, signal)))
      throw new NetError('net.refused', { peer: peerId, reason: 'no-relay' })
    await circuit.reserve(link)
    const latency = await options.ping(peerId, signal).catch(() => undefined)
    // Lost while it was still being made: nobody listened for that.
    if (!circuit.holds(peerId)) throw new NetError('net.reset', { peer: peerId })
    return latency
  }
  const connect = (peer: string, addresses: Multiaddr[], signal: AbortSignal): Promise<Connection> => {
    const held = libp2p.getConnections(peerIdFromString(peer)).find(({ status }) => status === 'open')
    return held === undefined ? libp2p.dial(addresses, { signal }) : Promise.resolve(held)
  }

  /** A network that changed under a connection tells nobody: only silence does. */
  const watch = async (one: Watched, turn: number, lost: number): Promise<void> => {
    let broken = lost + 1 >= PINGS_LOST
    const latency = await within(host.timers, PING_LIMIT, stopping.signal, (signal) =>
      options.ping(one.relay.peerId, signal),
    ).catch((error: unknown) => {
      broken ||= isBroken(error)
      return isUnsupported(error) ? one.link.latency : undefined
    })
    if (one.turn !== turn || !watched.has(one)) return
    if (latency === undefined && broken) {
      for (const link of libp2p.getConnections(peerIdFromString(one.relay.peerId)))
        link.abort(new NetError('net.timeout', { peer: one.relay.peerId, ms: PING_LIMIT * PINGS_LOST }))
      return
    }
    if (latency !== undefined) show(one, { latency })
    const missed = latency === undefined ? lost + 1 : 0
    later(one, missed === 0 ? PING_EVERY : PING_AGAIN, () => void watch(one, turn, missed))
  }

  const stopListening = circuit.onLost((peer) => {
    for (const one of watched)
      if (one.relay.peerId === peer && one.link.state === 'connected')
        retry(one, new NetError('net.reset', { peer }))
  })

  const drop = (one: Watched): void => {
    watched.delete(one)
    one.cancel?.()
    one.turn++
  }

  return {
    relays: () =>
      [...watched].map(({ relay: { peerId, multiaddrs }, link }) => ({ peerId, multiaddrs, ...link })),
    setRelays(relays) {
      const wanted = new Map(relays.slice(0, MAX_RELAYS).map((relay) => [relay.peerId, relay]))
      for (const one of watched) {
        const next = wanted.get(one.relay.peerId)
        if (next === undefined) {
          drop(one)
          circuit.release(one.relay.peerId)
        } else {
          wanted.delete(next.peerId)
          const same = next.multiaddrs.join() === one.relay.multiaddrs.join()
          one.relay = next
          if (!same && one.link.state !== 'connected') begin(one)
        }
      }
      for (const relay of wanted.values()) {
        const link = {
          state: 'connecting',
          since: undefined,
          nextTryAt: undefined,
          latency: undefined,
          error: undefined,
        } as const
        const one: Watched = { relay, link, tries: 0, turn: 0, cancel: undefined }
        watched.add(one)
        begin(one)
      }
      onChange()
    },
    retryNow() {
      for (const one of watched)
        if (one.link.nextTryAt !== undefined) {
          one.tries = 0
          begin(one)
        }
    },
    stop() {
      stopping.abort()
      stopListening()
      for (const one of watched) drop(one)
    },
  }
}

function toRelayError(error: unknown, relay: RelayPeer): CairnError {
  if (error instanceof NetError) return error
  const peer = relay.peerId
  const said = error instanceof Error ? /reservation failed with status (\w+)/.exec(error.message) : null
  if (said !== null)
    return new NetError('net.refused', { peer, reason: said[1]?.toLowerCase() ?? '' }, { cause: error })
  return new NetError('net.unreachable', { peer, tried: relay.multiaddrs.length }, { cause: error })
}
