import {
  circuitRelayTransport,
  type CircuitRelayTransportComponents,
  RELAY_V2_HOP_CODEC,
} from '@libp2p/circuit-relay-v2'
import type { Connection, Listener, PeerId, Transport } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { isUnsupported } from './net-error.ts'

/** What the reservation supervisor needs of libp2p's circuit transport. */
export interface CircuitPort {
  /** True when the other side of a connection relays at all. */
  speaksHop(link: Connection, signal: AbortSignal): Promise<boolean>
  /** Makes a reservation over a connection, and announces its addresses as ours. */
  reserve(link: Connection): Promise<void>
  /** True while a reservation with this relay stands. */
  holds(peer: string): boolean
  /** Forgets a reservation that is not wanted any more. */
  release(peer: string): void
  /** Told of relays whose reservation is gone, with the connection or by itself. */
  onLost(listener: (peer: string) => void): () => void
}

/**
 * Relays at once. None may have to queue: each reservation that succeeds empties libp2p's queue, and whoever
 * waited in it waits for ever.
 */
export const MAX_RELAYS = 64

export interface CircuitTransport {
  readonly transport: (components: CircuitRelayTransportComponents) => Transport
  readonly port: CircuitPort
}

/** The part of the transport's store that is used here; the package exports no type for it. */
interface Store extends EventTarget {
  hasReservation(peer: PeerId): boolean
}

/** Opening and closing a stream is all: the relay reads nothing from it. */
async function speaksHop(link: Connection, signal: AbortSignal): Promise<boolean> {
  try {
    const stream = await link.newStream(RELAY_V2_HOP_CODEC, { signal })
    stream.abort(new Error('only asked'))
    return true
  } catch (error) {
    if (isUnsupported(error)) return false
    throw error
  }
}

/**
 * libp2p's circuit transport, with a way to make a reservation again. The transport manager keeps a listener
 * for good, also one that failed, and closing it would cancel the reservations of all: so there is one for
 * each relay, told to listen again whenever its reservation is gone.
 */
export function createCircuitTransport(): CircuitTransport {
  let parts: { readonly components: CircuitRelayTransportComponents; readonly store: Store } | undefined
  const listening = new Map<string, Listener>()
  let made: Listener | undefined
  const listeners = new Set<(peer: string) => void>()
  const ready = (): NonNullable<typeof parts> => {
    if (parts === undefined) throw new Error('the node is not made yet')
    return parts
  }
  return {
    transport(components) {
      const transport = circuitRelayTransport({
        reservationCompletionTimeout: 10_000,
        reservationConcurrency: MAX_RELAYS,
      })(components)
      // The class has it, its interface does not; without the field nothing could ever be renewed.
      const store = (transport as Transport & { readonly reservationStore: Store }).reservationStore
      const createListener = transport.createListener.bind(transport)
      transport.createListener = (options) => (made = createListener(options))
      store.addEventListener('relay:removed', (event) => {
        const { relay } = (event as CustomEvent<{ readonly relay: PeerId }>).detail
        for (const listener of listeners) listener(relay.toString())
      })
      parts = { components, store }
      return transport
    },
    port: {
      speaksHop,
      async reserve(link) {
        const { components } = ready()
        const peer = link.remotePeer.toString()
        const address = link.remoteAddr.encapsulate('/p2p-circuit')
        const listener = listening.get(peer)
        if (listener !== undefined) return listener.listen(address)
        const listened = components.transportManager.listen([address])
        // Made before the first await of `listen`, and ours.
        if (made !== undefined) listening.set(peer, made)
        return listened
      },
      holds: (peer) => ready().store.hasReservation(peerIdFromString(peer)),
      release(peer) {
        const { components } = ready()
        for (const link of components.connectionManager.getConnections())
          if (link.remotePeer.toString() === peer) link.close().catch((error: Error) => link.abort(error))
      },
      onLost(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
  }
}
