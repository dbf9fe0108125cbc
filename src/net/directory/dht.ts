import type { PeerId, PeerInfo } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import { concat } from '../../core/bytes.ts'
import { NetError } from '../errors.ts'
import type { DirectoryPeers, RelayAddress } from './peers.ts'

/** Multihash code and length of a SHA-256. */
const SHA256_PREFIX = new Uint8Array([0x12, 0x20])
/** Providers taken from one walk: more relays are not asked. */
const MAX_FOUND = 16

/**
 * Finds other relays by the topics they hold, over libp2p's Kademlia table. Relays only: browsers cannot take
 * part, and must not load it.
 */
export function createDhtPeers(options: { readonly self: PeerId; readonly dht: KadDHT }): DirectoryPeers {
  const { self, dht } = options
  return {
    async provide(topic, { signal } = {}) {
      if (relaysKnown(dht) === 0) throw new NetError('net.unreachable', { tried: 0 })
      let told = 0
      try {
        for await (const event of dht.provide(cidOf(topic), signalOf(signal)))
          if (event.name === 'PEER_RESPONSE' && event.messageName === 'ADD_PROVIDER') told++
      } catch (error) {
        if (told === 0) throw new NetError('net.unreachable', { tried: told }, { cause: error })
      }
      if (told === 0) throw new NetError('net.unreachable', { tried: relaysKnown(dht) })
    },
    async withdraw(topic) {
      // The table has no way to take back what others noted; it is not renewed, and ends.
      if ('cancelReprovide' in dht && typeof dht.cancelReprovide === 'function')
        await dht.cancelReprovide(cidOf(topic))
    },
    async findRelays(topic, { signal } = {}) {
      // A walk with nobody to ask would wait for somebody.
      if (relaysKnown(dht) === 0) return []
      const found = new Map<string, RelayAddress>()
      try {
        for await (const event of dht.findProviders(cidOf(topic), signalOf(signal))) {
          if (event.name !== 'PROVIDER') continue
          for (const provider of event.providers) note(found, provider, self)
          if (found.size >= MAX_FOUND) break
        }
      } catch (error) {
        if (found.size === 0) throw new NetError('net.unreachable', { tried: 0 }, { cause: error })
      }
      return [...found.values()]
    },
    onJoin(listener) {
      const table = tableOf(dht)
      table?.addEventListener('peer:add', listener)
      return () => table?.removeEventListener('peer:add', listener)
    },
  }
}

function note(found: Map<string, RelayAddress>, { id, multiaddrs }: PeerInfo, self: PeerId): void {
  if (id.equals(self)) return
  const peer = id.toString()
  const known = found.get(peer)?.addresses ?? []
  found.set(peer, { peer, addresses: [...new Set([...known, ...multiaddrs.map(String)])] })
}

const signalOf = (signal: AbortSignal | undefined): { signal?: AbortSignal } =>
  signal === undefined ? {} : { signal }

/** A topic is a SHA-256 already: as a multihash it is the key that the table is ordered by. */
function cidOf(topic: Uint8Array): ReturnType<PeerId['toCID']> {
  const bytes = concat([SHA256_PREFIX, topic])
  const digest = bytes.subarray(SHA256_PREFIX.length)
  return peerIdFromMultihash({ code: 0x12, size: digest.length, digest, bytes }).toCID()
}

interface RoutingTable extends EventTarget {
  readonly size: number
}

/** The routing table, which the interface hides and the one implementation has. */
function tableOf(dht: KadDHT): RoutingTable | undefined {
  const table: unknown = 'routingTable' in dht ? dht.routingTable : undefined
  // Both of its parts are looked at before they are used.
  return table instanceof EventTarget && 'size' in table && typeof table.size === 'number'
    ? (table as RoutingTable)
    : undefined
}

const relaysKnown = (dht: KadDHT): number => tableOf(dht)?.size ?? 0
