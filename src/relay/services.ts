import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { createDhtPeers } from '../net/directory/dht.ts'
import { createDirectoryServer } from '../net/directory/server.ts'
import type { DirectoryCounts } from '../net/directory/server.ts'
import type { StreamHandler } from '../net/net.ts'
import { CHALLENGE_PROTOCOL } from '../sync/challenge/protocol.ts'
import { serveChallenge } from '../sync/challenge/serve.ts'
import { DIGESTS_PROTOCOL } from '../sync/digests/protocol.ts'
import { serveDigests } from '../sync/digests/serve.ts'
import type { PackHandler } from '../sync/packs/handler.ts'
import { PACKS_PROTOCOL } from '../sync/packs/model.ts'
import { servePacks } from '../sync/packs/serve.ts'
import { PAGES_PROTOCOL } from '../sync/pages/protocol.ts'
import { servePages } from '../sync/pages/serve.ts'
import { REPO_SYNC_PROTOCOL } from '../sync/repo-sync/protocol.ts'
import { serveRepoSync } from '../sync/repo-sync/serve.ts'
import { STORE_PROTOCOL } from '../sync/store/messages.ts'
import { digestSources } from '../sync/spaces/digest-sources.ts'
import { createSpaceDigests } from '../sync/spaces/digests.ts'
import { deflateQuickly } from './deflate.ts'
import { limitKey } from './http/client-address.ts'
import type { Log } from './http/log.ts'
import type { RelayLimits } from './limits.ts'
import type { RelayNode } from './node/libp2p.ts'
import { createRelayNet } from './node/net.ts'
import type { Traffic } from './node/traffic.ts'
import { createRelayPacks } from './packs/packs.ts'
import type { SpaceKeeper } from './spaces/keeper.ts'
import { serveKeptSpaces } from './spaces/serving.ts'
import { createStorePeers, type StorePeers } from './store-peers.ts'
import type { Store } from './store/model.ts'
import { timers } from './timers.ts'

/** Of pages that are kept for others who ask the same, bytes: of two or three repos of 100,000 records. */
const RECENT_PAGE_BYTES = 32 << 20

const isLoopback = (client: string): boolean => client.startsWith('127.') || client === limitKey('::1')

export interface Services {
  /** For metrics. */
  directory(): DirectoryCounts
  /** the store among its peers, where there is one */
  readonly storePeers: StorePeers | undefined
  /** answers for what the store keeps, where there is one */
  readonly packs: PackHandler | undefined
  close(): Promise<void>
}

/** What peers may ask this relay for: the directory, and what the store keeps. */
export function serveProtocols(options: {
  readonly node: RelayNode
  readonly privateKey: PrivateKey
  readonly traffic: Traffic
  readonly store: Store | undefined
  readonly spaces: SpaceKeeper | undefined
  readonly limits: RelayLimits
  readonly log: Log
}): Services {
  const { node, traffic, store, limits, log } = options
  const { libp2p } = node
  const net = createRelayNet(libp2p, { log, timers, streams: limits.streamsPerConnection })
  const directory = createDirectoryServer({
    net,
    clock: { now: Date.now },
    timers,
    dht: createDhtPeers({ self: libp2p.peerId, dht: libp2p.services.dht }),
    // The client's address: behind a proxy libp2p sees the proxy's.
    hostOf: (peer) =>
      libp2p
        .getConnections(peerIdFromString(peer))
        .map((one) => traffic.clientOf(one.remoteAddr))
        // All who share this machine's loopback, a proxy that says nothing among them, are no one host.
        .find((client) => client !== undefined && !isLoopback(client)),
  })
  const keeper = options.spaces
  const spaces =
    store === undefined || keeper === undefined ? undefined : serveKeptSpaces({ net, store, keeper, log })
  const packs =
    store === undefined
      ? undefined
      : createRelayPacks(store, log, spaces === undefined ? [] : [spaces.source])
  if (store !== undefined && packs !== undefined) {
    const { storage } = store
    const { sha256 } = store.host
    const ofSpaces =
      spaces === undefined || keeper === undefined
        ? {}
        : digestSources(storage, createSpaceDigests(keeper.find, spaces.access))
    const handlers: [string, StreamHandler][] = [
      [STORE_PROTOCOL, (stream) => store.serve(stream)],
      [REPO_SYNC_PROTOCOL, serveRepoSync({ storage, timers })],
      [
        PAGES_PROTOCOL,
        servePages({ storage, timers, deflate: deflateQuickly, recentBytes: RECENT_PAGE_BYTES }),
      ],
      [DIGESTS_PROTOCOL, serveDigests({ storage, timers, sha256, ...ofSpaces })],
      [PACKS_PROTOCOL, servePacks({ handler: packs.handler, timers })],
      [
        CHALLENGE_PROTOCOL,
        serveChallenge({
          self: net.self,
          storage,
          timers,
          sha256,
        }),
      ],
    ]
    for (const [protocol, handler] of handlers) net.handle(protocol, handler)
  }
  const storePeers =
    store === undefined
      ? undefined
      : createStorePeers({ net, key: options.privateKey, server: directory, store, log })
  return {
    directory: () => directory.counts(),
    storePeers,
    packs: packs?.handler,
    async close() {
      packs?.close()
      await spaces?.close()
      await storePeers?.close()
      directory.close()
    },
  }
}
