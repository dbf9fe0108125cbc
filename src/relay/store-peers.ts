import type { PrivateKey } from '@libp2p/interface'
import { createDirectory } from '../net/directory/client.ts'
import { openLoopback } from '../net/directory/loopback.ts'
import type { DirectoryServer } from '../net/directory/server.ts'
import type { Net } from '../net/net.ts'
import { parseMultiaddr, peerOf } from '../net/node/multiaddrs.ts'
import { repoTopic } from '../net/topics.ts'
import { headOf } from '../sync/kept.ts'
import { createPeerCalls } from '../sync/peers/calls.ts'
import { createPackDesks } from '../sync/peers/pack-desks.ts'
import { createNotices } from '../sync/peers/notices.ts'
import { pullRepoSync } from '../sync/repo-sync/pull.ts'
import { errorFields } from './http/log.ts'
import type { Log } from './http/log.ts'
import type { Store, StoreOptions } from './store/model.ts'

/** Nodes of other kinds that one request may name. */
const MAX_NODES = 4

/** What the store does as one peer among others. */
export interface StorePeers {
  /** A repo is kept here, has a new head, or was given up. */
  changed(did: string): void
  /** Takes a repo from the peer that asked for it to be kept, or from nodes that it names. */
  readonly pull: NonNullable<StoreOptions['pull']>
  close(): Promise<void>
}

/**
 * Announces what the store keeps in this relay's own directory, so that whoever looks for a repo finds it;
 * tells those who follow a repo of its new head; and pulls from peers what its own server does not give.
 */
export function createStorePeers(options: {
  readonly net: Net
  readonly key: PrivateKey
  readonly server: DirectoryServer
  readonly store: Pick<Store, 'host' | 'storage' | 'endpoints'>
  readonly log: Log
}): StorePeers {
  const { net, store, log } = options
  const { host, storage } = store
  const { timers, clock } = host
  let sequence = clock.now()
  const directory = createDirectory({
    net,
    key: options.key,
    // Time itself: a relay that restarts announces anew, and later than before.
    sequence: { next: async () => (sequence = Math.max(sequence + 1, clock.now())) },
    clock,
    timers,
    random: () => host.random() / 2 ** 32,
    relays: [net.self],
    open: async () => openLoopback(options.server, net.self),
  })
  const notices = createNotices({
    net,
    host: { timers, clock, random: host.random },
    mayRead: () => true,
    onNews: () => {},
  })
  const packs = createPackDesks({ host, net })
  const calls = createPeerCalls({
    host,
    packs,
    endpoints: async () => store.endpoints,
    net,
    lookup: async () => [],
  })
  const announced = new Set<string>()
  /** repos that are being looked at; `again`: they changed since that began */
  const looking = new Map<string, { again: boolean }>()
  let closed = false

  const update = async (did: string): Promise<void> => {
    const head = await headOf(storage, did)
    const topic = repoTopic(did).id
    if (head === undefined) {
      announced.delete(did)
      return directory.unannounce(topic)
    }
    // Whoever follows it found it already: that it cannot be announced is nothing to them.
    if (head.rev !== undefined) notices.publish(did, head.rev)
    if (announced.has(did)) return
    await directory.announce(topic)
    announced.add(did)
  }
  const failed = (error: unknown): void => {
    if (!closed) log('warn', 'store.announce-failed', errorFields(error))
  }
  /** Never rejects. One look at a time for each repo, the last one begun after its last change. */
  const changed = async (did: string): Promise<void> => {
    const running = looking.get(did)
    if (running !== undefined) {
      running.again = true
      return
    }
    const mine = { again: true }
    looking.set(did, mine)
    while (mine.again && !closed) {
      mine.again = false
      await update(did).catch(failed)
    }
    looking.delete(did)
  }

  const begin = async (): Promise<void> => {
    // One that fails says nothing of the next.
    for (const did of await storage.keys('repos')) await changed(did)
  }
  begin().catch(failed)

  return {
    changed: (did) => void changed(did),
    async pull(_host, { did, peer, relays }, work) {
      try {
        return await calls.pull([{ peer, addresses: [], kind: 'device' }], did, work)
      } catch (error) {
        // Nodes that browsers cannot dial, TCP ones of p2pds among them, are named by their multiaddrs.
        for (const address of relays.slice(0, MAX_NODES)) {
          const parsed = parseMultiaddr(address)
          const node = parsed === undefined ? undefined : peerOf(parsed)
          if (node === undefined || node === net.self) continue
          const from = { did, peer: node, addresses: [address], label: did, work }
          const result = await pullRepoSync(host, store.endpoints, net, from).catch(() => undefined)
          if (result !== undefined) return result
        }
        throw error
      }
    },
    async close() {
      closed = true
      await Promise.all([packs.close(), notices.close(), directory.close()])
    },
  }
}
