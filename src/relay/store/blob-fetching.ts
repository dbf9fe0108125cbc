import { leftOf } from '../../core/clock.ts'
import { fetchBlobs } from '../../sync/blobs.ts'
import { type Fetching, storeWork } from './fetch-repo.ts'
import { codeOf } from './keeper.ts'

/** A server's list of blobs is read whole each time; of one repo no more often than this, ms. */
const EVERY = 10 * 60_000

export interface BlobFetching {
  /** Fetches what lacks, in the background: now, or as soon as the last time is long enough ago. */
  due(did: string): void
  /** Ends all waiting; what is under way ends with the signal. */
  stop(): void
  /** Resolves when none is under way. */
  idle(): Promise<void>
}

/** Blobs follow records: one repo at a time, each proven by its CID, none in the way of anything else. */
export function createBlobFetching(
  fetching: Fetching,
  log: (event: string, fields: Readonly<Record<string, unknown>>) => void,
): BlobFetching {
  const { host, endpoints, signal } = fetching
  const last = new Map<string, number>()
  const waiting = new Map<string, () => void>()
  let queue: Promise<void> = Promise.resolve()

  const run = async (did: string): Promise<void> => {
    if (signal.aborted) return
    try {
      const counts = await fetchBlobs(host, endpoints, did, storeWork(fetching, did))
      if (counts.fetched + counts.failed > 0) log('store.blobs', { did, ...counts })
    } catch (error) {
      // The next update tries again; a full store keeps the records without.
      if (!signal.aborted) log('store.blobs-failed', { did, code: codeOf(error) })
    }
  }

  const begin = (did: string): void => {
    waiting.delete(did)
    last.delete(did)
    last.set(did, host.clock.now())
    // `run` does not reject.
    queue = queue.then(() => run(did))
  }

  return {
    due(did) {
      if (signal.aborted || waiting.has(did)) return
      for (const [old, at] of last) {
        // In order of time: those before are over.
        if (leftOf(EVERY, at, host.clock.now()) > 0) break
        last.delete(old)
      }
      const at = last.get(did)
      const left = at === undefined ? 0 : leftOf(EVERY, at, host.clock.now())
      if (left === 0) begin(did)
      else
        waiting.set(
          did,
          host.timers.after(left, () => begin(did)),
        )
    },
    stop() {
      for (const cancel of waiting.values()) cancel()
      waiting.clear()
    },
    async idle() {
      let seen: Promise<void> | undefined
      while (seen !== queue) {
        seen = queue
        await seen
      }
    },
  }
}
