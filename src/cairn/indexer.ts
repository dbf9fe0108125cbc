import { headOf } from '../sync/kept.ts'
import type { CairnEvent, SearchQuery, SearchResult } from './api.ts'
import type { CairnHost } from './host.ts'
import type { createSearch } from './search/search.ts'

/** Keeps search indexes in step with heads, one repo at a time, and answers searches. */
export interface Indexer {
  /** Brings a repo's index up to its head, in the background. */
  start(did: string): void
  /** Resolves when the index of this repo is current, or could not be made so. */
  done(did: string): Promise<void>
  search(query: SearchQuery): Promise<SearchResult>
  drop(did: string): Promise<void>
  close(): Promise<void>
}

interface Run {
  readonly controller: AbortController
  begun: boolean
  promise: Promise<void>
}

export function createIndexer(host: CairnHost, emit: (event: CairnEvent) => void): Indexer {
  const { storage } = host
  // What searches is loaded with the first search, and what indexes with the first index.
  let opened: ReturnType<typeof createSearch> | undefined
  const openSearch = async (): Promise<ReturnType<typeof createSearch>> => {
    const module = await import('./search/search.ts')
    return (opened ??= module.createSearch({ storage, clock: host.clock }))
  }
  const progress = new Map<string, number>()
  const runs = new Map<string, Run>()
  let queue: Promise<void> = Promise.resolve()

  const index = async (did: string, run: Run): Promise<void> => {
    const { signal } = run.controller
    if (signal.aborted) return
    run.begun = true
    let noted = false
    try {
      const snapshot = await headOf(storage, did)
      if (snapshot === undefined || signal.aborted) return
      const { indexRepo } = await import('./search/index-repo.ts')
      const result = await indexRepo({
        storage,
        did,
        snapshot,
        signal,
        onProgress(share) {
          progress.set(did, share)
          emit({ type: 'index', did, progress: share })
        },
        onBlobs() {
          noted = true
        },
      })
      if (result.changed) opened?.drop(did)
    } catch (error) {
      // A search index can be made again from the records at any time; the next backup or start tries.
      if (!signal.aborted) console.warn('search index', did, error)
    } finally {
      // Of the index itself nothing is shown but what is found in it.
      if (noted) emit({ type: 'repo', did })
      // Unless a newer run has taken over.
      if (runs.get(did) === run) {
        progress.delete(did)
        runs.delete(did)
        emit({ type: 'index', did, progress: 1 })
      }
    }
  }

  return {
    start(did) {
      runs.get(did)?.controller.abort()
      progress.set(did, 0)
      const run: Run = { controller: new AbortController(), begun: false, promise: queue }
      runs.set(did, run)
      run.promise = queue.then(() => index(did, run))
      queue = run.promise
    },
    done: async (did) => runs.get(did)?.promise,
    search: async (query) => (await openSearch()).search(query, progress),
    async drop(did) {
      const run = runs.get(did)
      run?.controller.abort()
      runs.delete(did)
      progress.delete(did)
      // One that has not begun never will: no need to wait for those before it.
      if (run?.begun === true) await run.promise
      opened?.drop(did)
    },
    async close() {
      for (const { controller } of runs.values()) controller.abort()
      await queue
    },
  }
}
