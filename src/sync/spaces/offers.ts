import { CairnError } from '../../core/errors.ts'
import type { Timers } from '../../core/timers.ts'
import { NetError } from '../../net/errors.ts'
import type { Net } from '../../net/net.ts'
import { openPacks } from '../packs/client.ts'
import type { SpaceTaker } from '../packs/space-take.ts'
import { createSlots } from '../repo-sync/slots.ts'
import type { SpaceReplica } from './model.ts'
import { type Pulled, pullRepos } from './pull.ts'
import type { OfferTaken } from './serve-model.ts'

/** An offer is answered after this, whatever is still under way, ms. */
const PATIENCE = 10_000
/** Offers that are fetched at once, of one peer and in all. */
const SLOTS = { perPeer: 2, inAll: 16 }

/** Fetches repos that peers offer, from themselves and over the connection that is there. */
export interface Offers {
  /** Undefined when too much is fetched already. */
  take(peer: string, replica: SpaceReplica, repos: readonly string[]): Promise<OfferTaken | undefined>
  close(): Promise<void>
}

export function createOffers(options: {
  readonly net: Net
  readonly timers: Timers
  readonly takerOf: (replica: SpaceReplica) => SpaceTaker
  readonly onMoved: (replica: SpaceReplica, repo: string, peer: string) => void
}): Offers {
  const { net, timers, takerOf, onMoved } = options
  const slots = createSlots(SLOTS)
  const over = new AbortController()
  const running = new Set<Promise<void>>()

  const fetchAll = async (
    peer: string,
    replica: SpaceReplica,
    repos: readonly string[],
    has: Set<string>,
    failed: Map<string, string>,
  ): Promise<void> => {
    const client = await openPacks(net, peer, { timers, clientId: net.self, signal: over.signal })
    try {
      const fetch = async (some: readonly string[], compare: boolean): Promise<Pulled> => {
        const pulled = await pullRepos(takerOf(replica), client, some, {
          check: () => over.signal.throwIfAborted(),
          compare,
          onMoved(repo) {
            has.add(repo)
            onMoved(replica, repo, peer)
          },
        })
        for (const repo of pulled.current) has.add(repo)
        for (const repo of pulled.revoked) failed.set(repo, 'sync.peer-lacks')
        return pulled
      }
      const first = await fetch(repos, false)
      // What a list did not lead to, an index may.
      const again = [...first.failed].flatMap(([repo, { code }]) =>
        code === 'space.hash-mismatch' ? [repo] : [],
      )
      const second = again.length === 0 ? undefined : await fetch(again, true)
      for (const [repo, { code }] of first.failed) if (!again.includes(repo)) failed.set(repo, code)
      for (const [repo, { code }] of second?.failed ?? []) failed.set(repo, code)
    } finally {
      await client.close()
    }
  }

  return {
    async take(peer, replica, repos) {
      const free = slots.take(peer)
      if (free === undefined) return undefined
      const has = new Set<string>()
      const failed = new Map<string, string>()
      const work = fetchAll(peer, replica, repos, has, failed)
        // The peer went: the next offer begins where this one ended. Without room there is none for any.
        .catch((error: unknown) => {
          if (!(error instanceof CairnError) || error.code.startsWith('net.')) return
          for (const repo of repos) if (!has.has(repo)) failed.set(repo, error.code)
        })
        .finally(() => {
          free()
          running.delete(work)
        })
      running.add(work)
      await within(work, timers, PATIENCE)
      const taken = repos.filter((repo) => has.has(repo))
      const told = [...failed].map(([repo, code]) => ({ repo, code }))
      return { taken, failed: told, working: repos.length - taken.length - told.length }
    },
    async close() {
      over.abort(new NetError('net.closed'))
      await Promise.allSettled(running)
    },
  }
}

/** Resolves when the work has ended, or has taken so long. */
function within(work: Promise<void>, timers: Timers, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const stop = timers.after(ms, resolve)
    void work.then(() => {
      stop()
      resolve()
    })
  })
}
