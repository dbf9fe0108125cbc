import { toHex } from '../../../core/bytes.ts'
import type { Announcement, Directory } from '../../directory-model.ts'
import { NetError } from '../../errors.ts'
import type { Net, Path } from '../../net.ts'
import { createMemoryNetwork, type MemoryNetwork } from '../../testing/memory-net.ts'
import { createManualTimers, type ManualTimers } from '../../../pds/testing/timers.ts'
import type {
  Networker,
  NetworkerEvents,
  NetworkerOptions,
  NetworkerRow,
  NetworkerStore,
  Peer,
} from '../model.ts'
import { createNetworker } from '../networker.ts'

/** A directory that all nodes of a test share. */
export interface SharedDirectory {
  readonly listed: Map<string, Map<string, Announcement>>
  /** what was asked of it, in order: `announce a 00ff…` */
  readonly calls: string[]
  /** nobody reaches a relay */
  away: boolean
  /** lookups wait for this */
  gate: Promise<void> | undefined
  of(net: Net): Directory
  /** Puts an announcement in, as a peer of this name would. */
  list(topic: Uint8Array, peer: string, address?: string): void
}

function createSharedDirectory(now: () => number): SharedDirectory {
  const listed = new Map<string, Map<string, Announcement>>()
  const watchers = new Map<string, Set<(type: 'add' | 'remove', it: Announcement) => void>>()
  const tell = (topic: string, type: 'add' | 'remove', it: Announcement): void => {
    for (const watcher of watchers.get(topic) ?? []) watcher(type, it)
  }
  let seq = 0
  const list = (topic: Uint8Array, peer: string, addresses: readonly string[]): void => {
    const id = toHex(topic)
    const it = { topic, peer, addresses, seq: ++seq, expiresAt: now() + 3_600_000 }
    const under = listed.get(id) ?? new Map()
    listed.set(id, under.set(peer, it))
    tell(id, 'add', it)
  }
  const directory: SharedDirectory = {
    listed,
    calls: [],
    away: false,
    gate: undefined,
    list: (topic, peer, address = `/memory/${peer}`) => list(topic, peer, [address]),
    of: (net) => ({
      async announce(topic) {
        directory.calls.push(`announce ${net.self}`)
        if (directory.away) throw new NetError('net.no-relay')
        list(topic, net.self, net.addresses())
      },
      async unannounce(topic) {
        directory.calls.push(`unannounce ${net.self}`)
        const it = listed.get(toHex(topic))?.get(net.self)
        if (it === undefined) return
        listed.get(toHex(topic))?.delete(net.self)
        tell(toHex(topic), 'remove', it)
      },
      async lookup(topic) {
        directory.calls.push(`lookup ${net.self}`)
        await directory.gate
        if (directory.away) throw new NetError('net.no-relay')
        return [...(listed.get(toHex(topic))?.values() ?? [])].filter(({ peer }) => peer !== net.self)
      },
      async find() {
        return undefined
      },
      watch(topic, listener) {
        const id = toHex(topic)
        const under = watchers.get(id) ?? new Set()
        const watcher = (type: 'add' | 'remove', announcement: Announcement): void => {
          if (announcement.peer !== net.self) listener({ type, announcement })
        }
        watchers.set(id, under.add(watcher))
        return () => under.delete(watcher)
      },
      async close() {},
    }),
  }
  return directory
}

export function createMemoryStore(): NetworkerStore & { readonly rows: Map<string, unknown> } {
  const rows = new Map<string, unknown>()
  return {
    rows,
    async load(): Promise<readonly NetworkerRow[]> {
      return [...rows].map(([key, value]) => ({ key, value: structuredClone(value) }))
    },
    async save({ key, value }) {
      rows.set(key, structuredClone(value))
    },
    async remove(key) {
      rows.delete(key)
    },
  }
}

/** 32-bit numbers that repeat from run to run. */
export function createNumbers32(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state ^ (state >>> 15)) >>> 0
  }
}

export interface NodeOptions extends Partial<Omit<NetworkerOptions, 'net' | 'directory'>> {
  readonly path?: Path
  /** what the node sees instead of its own network */
  readonly wrap?: (net: Net) => Net
  readonly directory?: Directory
}

export interface TestNode {
  readonly id: string
  readonly net: Net & { readonly stop: () => void }
  readonly networker: Networker
  /** names of events as they came, with what they were about */
  readonly log: string[]
  /** every call of `replicate`: `peer topic,topic` */
  readonly replicated: {
    readonly peer: Peer
    readonly topics: readonly string[]
    readonly signal: AbortSignal
  }[]
  /** the peer of this name */
  peer(id: string): Peer | undefined
}

export interface World {
  readonly network: MemoryNetwork
  readonly directory: SharedDirectory
  readonly timers: ManualTimers
  node(id: string, options?: NodeOptions): TestNode
  /** Stops every node; fails when a timer is still set. */
  end(): Promise<void>
}

const eventNames: readonly (keyof NetworkerEvents)[] = [
  'joined',
  'flushed',
  'left',
  'peer-add',
  'peer-remove',
  'peer-topics',
  'stream-opened',
  'handshake',
  'stream-processed',
  'stream-closed',
  'replication-error',
  'topic-error',
  'store-error',
]

/** Networkers in one process, over a network with real flow control and time that a test moves. */
export function createWorld(): World {
  const network = createMemoryNetwork()
  const timers = createManualTimers()
  const directory = createSharedDirectory(timers.clock.now)
  const nodes: TestNode[] = []
  let seed = 1
  return {
    network,
    directory,
    timers,
    node(id, { path, wrap, ...options } = {}) {
      const own = network.node(id, path)
      const net = wrap === undefined ? own : { ...wrap(own), stop: own.stop }
      const replicated: { peer: Peer; topics: readonly string[]; signal: AbortSignal }[] = []
      const networker = createNetworker({
        net,
        directory: options.directory ?? directory.of(net),
        replicate: async (peer, topics, signal) => {
          replicated.push({ peer, topics: topics.map((topic) => toHex(topic.id)), signal })
        },
        store: createMemoryStore(),
        timers,
        clock: timers.clock,
        random: createNumbers32(seed++),
        ...options,
      })
      const log: string[] = []
      for (const name of eventNames)
        networker.addEventListener(name, ({ detail }) => {
          const about = 'peer' in detail ? detail.peer : 'stream' in detail ? detail.stream.peer : ''
          log.push(`${name} ${typeof about === 'string' ? about : about.id}`.trim())
        })
      const node: TestNode = {
        id,
        net,
        networker,
        log,
        replicated,
        peer: (other) => [...networker.peers].find((peer) => peer.id === other),
      }
      nodes.push(node)
      return node
    },
    async end() {
      const closing = Promise.all(nodes.map(({ networker }) => networker.close()))
      await settle()
      timers.advance(60_000)
      await closing
      if (timers.pending().length > 0) throw new Error(`timers left: ${timers.pending().join(' ')}`)
    },
  }
}

/** A turn of the event loop: all microtasks and messages of before have been dealt with. */
const turn = (): Promise<void> => new Promise((done) => setImmediate(done))

/** Lets everything that needs no time come to rest. */
export async function settle(turns = 30): Promise<void> {
  for (let i = 0; i < turns; i++) await turn()
}

/** Resolves when the condition holds; fails when everything came to rest before. */
export async function expectSoon(condition: () => boolean, what = 'condition'): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (condition()) return
    await turn()
  }
  throw new Error(`never: ${what}`)
}
