import { CairnError } from '../../core/errors.ts'
import type { Sha256 } from '../../core/hash.ts'
import type { Timers } from '../../core/timers.ts'
import { NetError } from '../../net/errors.ts'
import type { Net } from '../../net/net.ts'
import { type ChunkClient, openChunks } from './chunk-client.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { SpaceSyncError } from './errors.ts'
import type { SpaceReplica } from './model.ts'

/** Streams that nobody asks over are closed after this, ms. */
const IDLE = 20_000
/**
 * How long until those are asked again who could not answer, and those who came meanwhile, ms: a peer whose way to us
 * is just becoming a better one is out of reach for a moment.
 */
const AGAIN = 1000
/** How often they are asked. */
const ASKED = 4
/** Chunks that are read and sent at once. */
const SENT_AT_ONCE = 3

/** Chunks of one space, from and to its peers. */
export interface SpaceChunks {
  /**
   * Fetches one from whoever has it, the peers that `reachable` gives then in their order; for some seconds
   * again from those who could not say that they lack it. Nothing is done when it is here.
   *
   * @throws SpaceSyncError `space-sync.no-chunk`; NetError `net.cancelled`; StorageError, or a refusal for want of room
   */
  fetch(id: string, reachable: () => readonly string[], signal: AbortSignal): Promise<void>
  /**
   * Hands chunks to stores; resolves when each store that could be reached has all, and one could.
   *
   * @throws SpaceSyncError `space-sync.no-store`; NetError `net.cancelled`; StorageError
   */
  push(ids: readonly string[], stores: readonly string[], signal: AbortSignal): Promise<void>
  close(): void
}

interface Open {
  readonly client: Promise<ChunkClient>
  users: number
  stopIdling: () => void
}

export function createSpaceChunks(options: {
  readonly net: Net
  readonly timers: Timers
  readonly sha256: Sha256
  readonly replica: Pick<SpaceReplica, 'space' | 'chunks' | 'onFault'>
}): SpaceChunks {
  const { net, timers, sha256, replica } = options
  const { space, chunks } = replica
  const over = new AbortController()
  const open = new Map<string, Open>()

  const drop = (peer: string, entry: Open): void => {
    if (open.get(peer) === entry) open.delete(peer)
    entry.stopIdling()
    // One that never opened needs no closing.
    void entry.client.then((it) => it.close()).catch(() => {})
  }
  const use = async <T>(peer: string, run: (client: ChunkClient) => Promise<T>): Promise<T> => {
    const entry = open.get(peer) ?? {
      client: openChunks(net, peer, space, { timers, sha256, signal: over.signal }),
      users: 0,
      stopIdling: () => {},
    }
    open.set(peer, entry)
    entry.users++
    entry.stopIdling()
    try {
      return await entry.client.then(run)
    } catch (error) {
      const isOpen = await entry.client.then(
        (it) => it.isOpen(),
        () => false,
      )
      if (!isOpen) drop(peer, entry)
      throw error
    } finally {
      entry.users--
      if (entry.users === 0 && open.get(peer) === entry)
        entry.stopIdling = timers.after(IDLE, () => drop(peer, entry))
    }
  }

  const after = (ms: number): Promise<void> => new Promise((resolve) => void timers.after(ms, resolve))
  /** A chunk of one peer. `none`: it lacks it, gives another for it, or says nothing; `unknown`: it could not say. */
  const from = async (
    peer: string,
    id: string,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer> | 'none' | 'unknown'> => {
    try {
      const asking = use(peer, (client) => client.get(id))
      return (await unlessAborted(asking, signal, cancelled)) ?? 'none'
    } catch (error) {
      if (signal.aborted || over.signal.aborted || !(error instanceof CairnError)) throw error
      // One that is silent is not waited for twice.
      if (error.code === 'net.timeout') return 'none'
      if (error.code !== 'space-sync.bad-chunk') return 'unknown'
      replica.onFault({ code: error.code, peer, fields: error.fields })
      return 'none'
    }
  }

  const pushTo = async (store: string, ids: readonly string[], signal: AbortSignal): Promise<void> => {
    const has = await unlessAborted(
      use(store, (client) => client.has(ids)),
      signal,
      cancelled,
    )
    const lacking = ids.filter((_, i) => has[i] !== true)
    const worker = async (): Promise<void> => {
      for (let id = lacking.shift(); id !== undefined; id = lacking.shift()) {
        const mine = id
        const bytes = await chunks.get(mine)
        // One that is not here cannot be handed on.
        if (bytes === undefined)
          throw new SpaceSyncError('space-sync.no-chunk', { space, id: mine, asked: 0 })
        await unlessAborted(
          use(store, (client) => client.put(mine, bytes)),
          signal,
          cancelled,
        )
      }
    }
    await Promise.all(Array.from({ length: SENT_AT_ONCE }, worker))
  }

  return {
    async fetch(id, reachable, signal) {
      const [isHere] = await chunks.has([id])
      if (isHere === true) return
      const asked = new Set<string>()
      const without = new Set<string>()
      for (let round = 1; round <= ASKED; round++) {
        if (round > 1) await unlessAborted(after(AGAIN), signal, cancelled)
        for (const peer of reachable()) {
          if (without.has(peer)) continue
          asked.add(peer)
          const bytes = await from(peer, id, signal)
          if (bytes instanceof Uint8Array) return chunks.put(id, bytes)
          if (bytes === 'none') without.add(peer)
        }
      }
      throw new SpaceSyncError('space-sync.no-chunk', { space, id, asked: asked.size })
    },
    async push(ids, stores, signal) {
      const results = await Promise.allSettled(stores.map((store) => pushTo(store, ids, signal)))
      if (signal.aborted) throw cancelled()
      if (results.some((it) => it.status === 'fulfilled')) return
      const [first] = results
      const cause = first?.status === 'rejected' ? { cause: first.reason as unknown } : undefined
      throw new SpaceSyncError('space-sync.no-store', { space }, cause)
    },
    close() {
      over.abort(new NetError('net.closed'))
      for (const [peer, entry] of [...open]) drop(peer, entry)
    },
  }
}

const cancelled = (): NetError => new NetError('net.cancelled')
