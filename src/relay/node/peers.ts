import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { NetError } from '../../net/errors.ts'
import { fetchRelayInfo } from '../../net/node/relay-info.ts'
import type { AddressGuard } from '../guard/addresses.ts'
import { errorFields } from '../http/log.ts'
import type { Log } from '../http/log.ts'

/** Another relay is asked again after this, doubled with each failure up to the second number, ms. */
const FIRST_DELAY_MS = 1_000
const MOST_DELAY_MS = 60_000
/** While connected it is only looked at, ms. */
const CHECK_MS = 15_000
/** For its description and for the connection, ms. */
const TRY_MS = 15_000
export interface PeerKeeper {
  /** Resolves when each has been tried once. */
  readonly tried: Promise<void>
  close(): void
}

/**
 * Keeps a connection to each relay that the operator named, by web address or multiaddr: over it we are in
 * its DHT and it is in ours. A web address is read again at each try, so that a relay that was set up anew,
 * with another key, is found again.
 *
 * What the operator names may be a private address; what such a relay says of itself too.
 */
export function keepPeers(options: {
  readonly node: Libp2p
  readonly peers: readonly string[]
  readonly guard: AddressGuard
  readonly log: Log
}): PeerKeeper {
  const stop = new AbortController()
  const timers = new Set<NodeJS.Timeout>()

  const later = (ms: number, run: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      run()
    }, ms)
    timers.add(timer)
  }

  const keep = async (peer: string, failures: number): Promise<void> => {
    let next = failures
    try {
      await connect(peer)
      if (failures > 0) options.log('info', 'peer.back', { peer: nameOf(peer) })
      next = 0
    } catch (error) {
      if (stop.signal.aborted) return
      if (failures === 0)
        options.log('warn', 'peer.unreachable', { peer: nameOf(peer), ...errorFields(error) })
      next++
    }
    const delay = next === 0 ? CHECK_MS : Math.min(FIRST_DELAY_MS * 2 ** (next - 1), MOST_DELAY_MS)
    // Owned: `keep` does not reject.
    if (!stop.signal.aborted) later(delay, () => void keep(peer, next))
  }

  const known = new Map<string, string>()
  const connect = async (peer: string): Promise<void> => {
    const id = known.get(peer)
    if (id !== undefined && options.node.getPeers().some((one) => one.toString() === id)) return
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(TRY_MS)])
    const addresses = await addressesOf(peer, options.guard, signal)
    const connection = await options.node.dial(addresses, { signal })
    known.set(peer, connection.remotePeer.toString())
  }

  const tried = Promise.all(options.peers.map((peer) => keep(peer, 0))).then(() => undefined)
  return {
    tried,
    close: () => {
      stop.abort()
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

/** @throws NetError `net.relay-invalid`, `net.unreachable` */
async function addressesOf(peer: string, guard: AddressGuard, signal: AbortSignal): Promise<Multiaddr[]> {
  if (peer.startsWith('/')) return allowed(guard, [parse(peer, peer)])
  // The operator's own word: no guard on this one.
  const { multiaddrs } = await fetchRelayInfo(fetch, peer, signal)
  const addresses = multiaddrs.map((one) => parse(one, peer))
  const isPrivate = guard.refusal(new URL(peer).hostname) !== undefined
  return isPrivate ? allowed(guard, addresses) : addresses
}

function allowed(guard: AddressGuard, addresses: readonly Multiaddr[]): Multiaddr[] {
  for (const address of addresses) {
    const host = address.getComponents()[0]?.value
    if (host !== undefined) guard.allow(host)
  }
  return [...addresses]
}

function parse(text: string, url: string): Multiaddr {
  try {
    return multiaddr(text)
  } catch (cause) {
    throw new NetError('net.relay-invalid', { url, reason: 'multiaddr' }, { cause })
  }
}

/** For the log: no path, no query, no credentials. */
const nameOf = (peer: string): string => (URL.canParse(peer) ? new URL(peer).host : peer)
