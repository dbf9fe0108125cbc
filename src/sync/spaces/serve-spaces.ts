import type { Clock } from '../../core/clock.ts'
import type { Sha256 } from '../../core/hash.ts'
import type { Timers } from '../../core/timers.ts'
import type { Net } from '../../net/net.ts'
import { parseSpaceRepo } from '../../repo/space/uri.ts'
import type { Storage } from '../../storage/port.ts'
import type { PackSource } from '../packs/model.ts'
import { createGzip, type Gzip } from '../packs/space-gzip.ts'
import { createSpaceTaker, type SpaceTaker } from '../packs/space-take.ts'
import { createSpaceAccess, type SpaceAccess } from './access.ts'
import { createSpaceChannel, type SpaceChannel, type SpaceChannelOptions } from './channel.ts'
import { CHUNKS_PROTOCOL } from './chunk-protocol.ts'
import type { SpaceReplica } from './model.ts'
import { createOffers } from './offers.ts'
import { createSpacePacks } from './packs.ts'
import { SPACE_PROTOCOL } from './protocol.ts'
import { serveSpace } from './serve.ts'
import type { KeepAsk, Keeping, ServeSpaceOptions } from './serve-model.ts'
import { serveChunks } from './serve-chunks.ts'

/** How often it is looked whether those who follow a space still may, ms: a link can come to its end by time alone. */
export const RECHECK = 60_000

export interface ServeSpacesOptions {
  readonly net: Net
  readonly storage: Storage
  readonly sha256: Sha256
  readonly timers: Timers
  readonly clock: Clock
  /** 32-bit numbers fit for keys */
  readonly random: () => number
  readonly find: (space: string) => SpaceReplica | undefined
  /** Whether a space is taken in for others: stores. Without it nothing is, and no chunk either. */
  readonly mayKeep?: (ask: KeepAsk) => Promise<Keeping | 'denied' | 'full'>
  /** Deletes a space for who may have it deleted: stores. */
  readonly onForget?: ServeSpaceOptions['onForget']
  /** What is heard of others: see `SpaceChannelOptions`. */
  readonly hear?: Pick<SpaceChannelOptions, 'onNews' | 'onWord' | 'onRefused'>
  /** A peer has proven that it may read a space, or shows that it knows of its members all that we do. */
  readonly onProven?: (peer: string, space: string) => void
  /** A head moved by what a peer pushed or offered; it has been told to those who follow the space. */
  readonly onMoved?: (replica: SpaceReplica, repo: string) => void
  /** most bytes of one repo's records while it is taken in pages */
  readonly maxRepoBytes?: number
  readonly onFailure?: (event: string, error: unknown) => void
}

/** Spaces as this node gives them to others: a device its own, a store those it keeps. */
export interface SpaceServing {
  readonly access: SpaceAccess
  readonly channel: SpaceChannel
  /** Packs of all spaces, pulled and pushed: one of the sources of the node's pack handler. */
  readonly source: PackSource
  readonly gzip: Gzip
  /** Takes repos of a replica in. */
  takerOf(replica: SpaceReplica): SpaceTaker
  /** Answers the protocols of spaces until the returned function is called; packs are for the pack handler. */
  start(): () => void
  /** Tells those who follow a space that a head moved here; without a repo, that its log grew. */
  tell(space: string, repo?: string): Promise<void>
  close(): Promise<void>
}

/**
 * What a node needs to give spaces to those who may have them. All that it answers by goes through one book of who has
 * proven what (`access`). The keeper of a replica calls `tell` when its log grew by other ways than by a peer's giving.
 */
export function serveSpaces(options: ServeSpacesOptions): SpaceServing {
  const { net, storage, sha256, timers, clock, random, find, mayKeep, maxRepoBytes } = options
  const gzip = createGzip()
  const access = createSpaceAccess({ net, timers, find })
  const channel = createSpaceChannel({ net, host: { timers, clock, random }, access, ...options.hear })
  const takers = new WeakMap<SpaceReplica, SpaceTaker>()

  const takerOf = (replica: SpaceReplica): SpaceTaker => {
    const found = takers.get(replica)
    if (found !== undefined) return found
    const taker = createSpaceTaker({
      ...{ store: replica.repos, sha256, gzip },
      ...(maxRepoBytes === undefined ? {} : { maxBytes: maxRepoBytes }),
      // A peer that lets us in no more says nothing about what is here.
      keepsRevoked: async () => true,
    })
    takers.set(replica, taker)
    return taker
  }
  const tell = async (space: string, repo?: string): Promise<void> => {
    if (repo === undefined) {
      channel.recheck(space)
      return channel.tell(space, { repo: space })
    }
    const rev = (await find(space)?.repos.head(repo))?.rev
    if (rev !== undefined) channel.tell(space, { repo, rev })
  }
  const moved = (replica: SpaceReplica, repo: string, peer: string): void => {
    const author = parseSpaceRepo(repo)?.author
    if (author !== undefined) replica.onMoved(author, peer)
    // What cannot be read now is told by the next change.
    void tell(replica.space, repo).catch(() => {})
    options.onMoved?.(replica, repo)
  }
  const offers = createOffers({ net, timers, takerOf, onMoved: moved })
  const source = createSpacePacks({
    ...{ find, access, storage, sha256, gzip, clock },
    onTaken(repo, peer) {
      const space = parseSpaceRepo(repo)?.space
      const replica = space === undefined ? undefined : find(space)
      if (replica !== undefined) moved(replica, repo, peer)
    },
    ...(options.onFailure === undefined ? {} : { onFailure: options.onFailure }),
  })

  let stopRecheck = (): void => {}
  const recheck = (): void => {
    stopRecheck = timers.after(RECHECK, () => {
      channel.recheck()
      recheck()
    })
  }

  return {
    ...{ access, channel, source, gzip, takerOf, tell },
    start() {
      recheck()
      const stops = [
        net.handle(
          SPACE_PROTOCOL,
          serveSpace({
            ...{ self: net.self, timers, random, sha256, access, find },
            ...(mayKeep === undefined ? {} : { mayKeep, takeOffer: offers.take }),
            ...(options.onForget === undefined ? {} : { onForget: options.onForget }),
            onProven: (peer, space) => options.onProven?.(peer, space),
            onLog: (space) => void tell(space).catch(() => {}),
          }),
        ),
        net.handle(
          CHUNKS_PROTOCOL,
          serveChunks({ timers, sha256, access, find, takesChunks: mayKeep !== undefined }),
        ),
      ]
      return () => {
        stopRecheck()
        for (const stop of stops) stop()
      }
    },
    async close() {
      // Nobody waits for a proof any more.
      access.close()
      await Promise.all([channel.close(), offers.close()])
    },
  }
}
