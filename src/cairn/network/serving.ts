import type { Net } from '../../net/net.ts'
import { CHALLENGE_PROTOCOL } from '../../sync/challenge/protocol.ts'
import { serveChallenge } from '../../sync/challenge/serve.ts'
import { DIGESTS_PROTOCOL } from '../../sync/digests/protocol.ts'
import { serveDigests } from '../../sync/digests/serve.ts'
import { digestSources } from '../../sync/spaces/digest-sources.ts'
import type { SpaceSyncNode } from '../../sync/spaces/sync.ts'
import { createPackHandler } from '../../sync/packs/handler.ts'
import { type HeadName, PACKS_PROTOCOL } from '../../sync/packs/model.ts'
import { publicSource } from '../../sync/packs/public-source.ts'
import { servePacks } from '../../sync/packs/serve.ts'
import { PAGES_PROTOCOL } from '../../sync/pages/protocol.ts'
import { servePages } from '../../sync/pages/serve.ts'
import type { Candidate } from '../../sync/peers/engine.ts'
import type { PackDesks } from '../../sync/peers/pack-desks.ts'
import { pushHead } from '../../sync/peers/push-head.ts'
import { REPO_SYNC_PROTOCOL } from '../../sync/repo-sync/protocol.ts'
import { serveRepoSync } from '../../sync/repo-sync/serve.ts'
import type { ServiceParts } from './parts.ts'
import type { Transfers } from './transfers.ts'

/** What peers are given of what is kept here. */
export interface Serving {
  /** Answers every protocol by which repos are read, until the returned function is called. */
  start(): () => void
  /** Hands a kept head to a store as what changed since the head that it has; where that can be told at all. */
  push(store: Candidate, did: string, has: HeadName, signal: AbortSignal): Promise<void>
}

export function createServing(
  { host, tasks }: Pick<ServiceParts, 'host' | 'tasks'>,
  options: {
    readonly net: Net
    readonly packs: PackDesks
    readonly transfers: Transfers
    readonly mayRead: (peer: string, did: string) => Promise<boolean>
    /** spaces that are kept here, for those who have proven that they may have them */
    readonly spaces: () => Pick<SpaceSyncNode, 'source' | 'digests'>
  },
): Serving {
  const { net, packs, mayRead, spaces } = options
  const { storage, timers, sha256 } = host
  const weave = host.lanes?.weave
  const { pins } = tasks
  const onSent = options.transfers.sent
  const lists = publicSource({
    ...{ storage, sha256, weave, pins, onSent },
    mayRead: async ({ peer }, did) => peer !== undefined && (await mayRead(peer, did)),
  })
  // What is handed over by our own wish needs no leave.
  const own = publicSource({ storage, sha256, weave, pins, onSent })

  return {
    start() {
      const stops = [
        net.handle(PAGES_PROTOCOL, servePages({ storage, timers, mayRead, pins, onSent })),
        net.handle(
          PACKS_PROTOCOL,
          servePacks({ handler: createPackHandler({ sources: [lists, spaces().source] }), timers }),
        ),
        net.handle(
          DIGESTS_PROTOCOL,
          serveDigests({ timers, sha256, storage, ...digestSources(storage, spaces().digests, mayRead) }),
        ),
        net.handle(REPO_SYNC_PROTOCOL, serveRepoSync({ storage, timers, mayRead, onSent })),
        net.handle(CHALLENGE_PROTOCOL, serveChallenge({ self: net.self, storage, timers, sha256, mayRead })),
      ]
      return () => {
        for (const stop of stops) stop()
      }
    },
    async push(store, did, has, signal) {
      await pushHead(host, { did, store, has, clientId: net.self, source: own, packs, signal })
    },
  }
}
