import type { Multiaddr } from '@multiformats/multiaddr'
import type { Socket } from 'node:net'
import { limitKey, normalAddress } from '../http/client-address.ts'
import { leftOf } from '../../core/clock.ts'
import type { RelayLimits } from '../limits.ts'

/** ms; what was counted is forgotten after it */
const HOUR = 60 * 60 * 1000

interface Entry {
  readonly socket: Socket
  /** what limits of addresses count by */
  readonly client: string
  /** of the socket, at the last count */
  seen: number
  peer: string | undefined
}

/** Which WebSockets are open, for whom, and what they carry. */
export interface Traffic {
  /** Why this client may not open another WebSocket now, or undefined. */
  refusal(
    client: string,
  ): 'connections' | 'connectionsPerAddress' | 'bytesPerAddressPerHour' | 'bytesPerHour' | undefined
  /** Counts a socket until it closes. `address` is the client's, as text. */
  add(socket: Socket, address: string): void
  /** Says which peer speaks over the socket that a connection's remote address names. */
  name(remote: Multiaddr, peer: string): void
  /** What limits of addresses count by, for a connection's remote address. */
  clientOf(remote: Multiaddr): string | undefined
  /** Counts bytes, and ends sockets of those that went over a limit; returns whom. */
  count(): readonly { readonly limit: string; readonly who: string }[]
  /** bytes both ways since start */
  readonly bytes: number
  readonly open: number
  /** Ends every socket at once. */
  close(): void
}

/**
 * Bounds what one address, one peer and all together move, in windows of an hour. Bytes are those of the
 * sockets, so that no protocol is missed; they are counted when `count` is called, every few seconds, and
 * a limit can be passed by what comes in between.
 */
export function createTraffic(limits: RelayLimits, now: () => number): Traffic {
  const entries = new Map<string, Entry>()
  const openOf = new Map<string, number>()
  let window = now()
  let total = 0
  const spent = { all: 0, clients: new Map<string, number>(), peers: new Map<string, number>() }

  function take(entry: Entry): void {
    const at = entry.socket.bytesRead + entry.socket.bytesWritten
    const bytes = at - entry.seen
    entry.seen = at
    total += bytes
    spent.all += bytes
    spent.clients.set(entry.client, (spent.clients.get(entry.client) ?? 0) + bytes)
    if (entry.peer !== undefined) spent.peers.set(entry.peer, (spent.peers.get(entry.peer) ?? 0) + bytes)
  }

  function roll(): void {
    if (leftOf(HOUR, window, now()) > 0) return
    window = now()
    spent.all = 0
    spent.clients.clear()
    spent.peers.clear()
  }

  const over = (client: string): boolean => (spent.clients.get(client) ?? 0) >= limits.bytesPerAddressPerHour

  return {
    refusal: (client) => {
      roll()
      if (entries.size >= limits.connections) return 'connections'
      if ((openOf.get(client) ?? 0) >= limits.connectionsPerAddress) return 'connectionsPerAddress'
      if (spent.all >= limits.bytesPerHour) return 'bytesPerHour'
      return over(client) ? 'bytesPerAddressPerHour' : undefined
    },
    add: (socket, address) => {
      const client = limitKey(address)
      const key = keyOf(socket.remoteAddress ?? '', socket.remotePort ?? 0)
      const entry: Entry = { socket, client, seen: socket.bytesRead + socket.bytesWritten, peer: undefined }
      entries.set(key, entry)
      openOf.set(client, (openOf.get(client) ?? 0) + 1)
      socket.once('close', () => {
        take(entry)
        if (entries.get(key) === entry) entries.delete(key)
        const left = (openOf.get(client) ?? 1) - 1
        if (left === 0) openOf.delete(client)
        else openOf.set(client, left)
      })
    },
    name: (remote, peer) => {
      const entry = entries.get(keyOfMultiaddr(remote))
      if (entry !== undefined) entry.peer = peer
    },
    clientOf: (remote) => entries.get(keyOfMultiaddr(remote))?.client,
    count: () => {
      roll()
      for (const entry of entries.values()) take(entry)
      const ended: { limit: string; who: string }[] = []
      for (const { socket, client, peer } of entries.values()) {
        const peerIsOver = peer !== undefined && (spent.peers.get(peer) ?? 0) >= limits.bytesPerPeerPerHour
        if (spent.all >= limits.bytesPerHour) ended.push({ limit: 'bytesPerHour', who: 'all' })
        else if (over(client)) ended.push({ limit: 'bytesPerAddressPerHour', who: client })
        else if (peerIsOver) ended.push({ limit: 'bytesPerPeerPerHour', who: peer })
        else continue
        socket.destroy()
      }
      return ended
    },
    get bytes() {
      for (const entry of entries.values()) take(entry)
      return total
    },
    get open() {
      return entries.size
    },
    close: () => {
      for (const { socket } of entries.values()) socket.destroy()
    },
  }
}

const keyOf = (address: string, port: number | string): string => `${normalAddress(address)} ${port}`

function keyOfMultiaddr(remote: Multiaddr): string {
  const components = remote.getComponents()
  const address = components.find(({ name }) => name === 'ip4' || name === 'ip6')?.value ?? ''
  return keyOf(address, components.find(({ name }) => name === 'tcp')?.value ?? '')
}
