import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client'
import type { RelayLimits } from '../limits.ts'

/** What gauges read when they are asked. */
export interface Measured {
  connections(): number
  sockets(): number
  reservations(): number
  dhtPeers(): number
  relayedBytes(): number
  /** rows of the directory; undefined: there is none */
  directory():
    | { readonly announcements: number; readonly topics: number; readonly watches: number }
    | undefined
  store(): { readonly bytes: number; readonly repos: number; readonly active: number } | undefined
  /** of group spaces, where they are kept */
  spaces():
    | {
        readonly spaces: number
        readonly bytes: number
        readonly places: number
        readonly placeBytes: number
      }
    | undefined
}

export interface Metrics {
  request(route: string, status: number, bytes: number): void
  /** A limit stopped someone. */
  limited(limit: string): void
  /** The text of `GET /metrics`, and its type. */
  text(): Promise<string>
  readonly contentType: string
}

/**
 * Prometheus metrics of this process, in a registry of their own, so that several relays in one process
 * (tests) do not mix. Labels are from fixed sets: no path, peer or address a client sends becomes one.
 */
export function createMetrics(limits: RelayLimits, measured: Measured): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  const gauge = (name: string, help: string, read: () => number | undefined): void => {
    // Registers itself.
    void new Gauge({
      name: `cairn_${name}`,
      help,
      registers,
      collect() {
        const value = read()
        if (value !== undefined) this.set(value)
      },
    })
  }
  gauge('connections', 'Open connections between peers and this relay', () => measured.connections())
  gauge('websockets', 'Open WebSockets', () => measured.sockets())
  gauge('reservations', 'Peers that can be reached through this relay', () => measured.reservations())
  gauge('dht_peers', 'Relays in the routing table', () => measured.dhtPeers())
  gauge('directory_announcements', 'Announcements held', () => measured.directory()?.announcements)
  gauge('directory_topics', 'Topics with an announcement', () => measured.directory()?.topics)
  gauge('directory_watches', 'Topics watched by peers', () => measured.directory()?.watches)
  gauge('store_bytes', 'Bytes kept in the store', () => measured.store()?.bytes)
  gauge('store_repos', 'Repos kept in the store', () => measured.store()?.repos)
  gauge('store_transfers', 'Transfers into the store under way', () => measured.store()?.active)
  gauge('spaces', 'Group spaces kept in the store', () => measured.spaces()?.spaces)
  gauge('space_bytes', 'Bytes of group spaces in the store', () => measured.spaces()?.bytes)
  gauge('join_places', 'Places of join links with something in them', () => measured.spaces()?.places)
  gauge('join_bytes', 'Bytes in places of join links', () => measured.spaces()?.placeBytes)

  void new Counter({
    name: 'cairn_websocket_bytes_total',
    help: 'Bytes over WebSockets, both ways',
    registers,
    collect() {
      this.reset()
      this.inc(measured.relayedBytes())
    },
  })
  const limit = new Gauge({
    name: 'cairn_limit',
    help: 'Limits in force, see docs/relay.md',
    labelNames: ['limit'],
    registers,
  })
  for (const [name, value] of Object.entries(limits)) limit.set({ limit: name }, value)

  const requests = new Counter({
    name: 'cairn_http_requests_total',
    help: 'HTTP requests answered',
    labelNames: ['route', 'status'],
    registers,
  })
  const bytes = new Counter({
    name: 'cairn_http_response_bytes_total',
    help: 'Bytes of HTTP answers',
    labelNames: ['route'],
    registers,
  })
  const limited = new Counter({
    name: 'cairn_limited_total',
    help: 'Times that a limit stopped someone',
    labelNames: ['limit'],
    registers,
  })

  return {
    request: (route, status, size) => {
      requests.inc({ route, status: String(status) })
      bytes.inc({ route }, size)
    },
    limited: (name) => limited.inc({ limit: name }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
