import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import type { Libp2p, PeerId } from '@libp2p/interface'
import type { RelayLimits } from '../limits.ts'
import type { Traffic } from './traffic.ts'

/** How many peers an address may make reachable, and for how long a reservation outlives its peer: not at all. */
export interface ReservationRules {
  /** For the connection gater: true refuses a reservation. */
  deny(peer: PeerId): boolean
  /** Lets go of reservations when their peer is gone. Call once, when the node is there. */
  watch(node: Libp2p<{ relay: CircuitRelayService }>): () => void
}

export function createReservationRules(limits: RelayLimits, traffic: Traffic): ReservationRules {
  const heldBy = new Map<string, Set<string>>()
  let watched: Libp2p<{ relay: CircuitRelayService }> | undefined

  function release(peer: string): void {
    for (const [client, peers] of heldBy) {
      if (peers.delete(peer) && peers.size === 0) heldBy.delete(client)
    }
  }

  return {
    deny: (peer) => {
      const connections = watched?.getConnections(peer) ?? []
      const clients = connections.map((one) => traffic.clientOf(one.remoteAddr))
      const client = clients.find((one) => one !== undefined)
      // No WebSocket of ours: a relay that we dialled, which reserves nothing.
      if (client === undefined) return true
      const peers = heldBy.get(client) ?? new Set()
      if (!peers.has(peer.toString()) && peers.size >= limits.reservationsPerAddress) return true
      release(peer.toString())
      heldBy.set(client, peers.add(peer.toString()))
      return false
    },
    watch: (node) => {
      watched = node
      const onGone = (event: CustomEvent<PeerId>): void => {
        const { reservations } = node.services.relay
        // Left alone, its timer would later take away the next reservation of the same peer.
        const signal = reservations.get(event.detail)?.signal
        if (signal !== undefined && 'clear' in signal && typeof signal.clear === 'function') signal.clear()
        reservations.delete(event.detail)
        release(event.detail.toString())
      }
      node.addEventListener('peer:disconnect', onGone)
      return () => node.removeEventListener('peer:disconnect', onGone)
    },
  }
}
