import { blobsDue, clearBlobsDue, noteBlobsDue } from '../sync/blobs-due.ts'
import type { LockOptions } from '../storage/port.ts'
import type { Work } from '../sync/work.ts'
import type { Job } from './api.ts'
import { fetchAllBlobs } from './fetch-all-blobs.ts'
import { isOutOfReach } from './out-of-reach.ts'
import { readSettings } from './settings.ts'
import type { TaskParts } from './tasks.ts'

export interface BlobTasks {
  /** Fetches blobs from the account's server, and what that does not give from peers. */
  blobs(did: string): Promise<Job>
  /** Goes on with what was cut off, one repo after another, until `signal` aborts. */
  resumeBlobs(signal: AbortSignal): Promise<void>
}

interface Steps {
  readonly nameOf: (did: string) => Promise<string>
  readonly noteFailure: (
    kind: 'blobs',
    did: string,
    label: string,
    work: Work,
    error: unknown,
  ) => Promise<void>
}

/** Held while the blobs of a repo are fetched: over all tabs, one of them does. */
const lockName = (did: string): string => `blobs:${did}`

export function createBlobTasks(parts: TaskParts, { nameOf, noteFailure }: Steps): BlobTasks {
  const { host, jobs, log, indexer, changed } = parts
  const { storage } = host

  const fetch = async (did: string, label: string, work: Work, isAgain: boolean): Promise<void> => {
    const { endpoints } = await readSettings(storage)
    try {
      const counts = await fetchAllBlobs(host, endpoints, did, work, parts.blobsFromPeers?.())
      await clearBlobsDue(storage, did)
      const lacking = counts.missing + counts.failed
      if (counts.fetched + lacking > 0) {
        await log.note({
          did,
          kind: 'blobs.done',
          fields: { ...counts },
          level: lacking > 0 ? 'warning' : 'good',
        })
      }
    } catch (error) {
      const isLater = work.signal.aborted || isOutOfReach(error)
      if (!isLater) await clearBlobsDue(storage, did)
      // Nobody asked for it now, and it is tried again at the next start.
      if (!isAgain || !isLater) await noteFailure('blobs', did, label, work, error)
      throw error
    } finally {
      changed(did)
    }
  }

  const start = async (did: string, isAgain: boolean): Promise<Job> => {
    const label = await nameOf(did)
    return jobs.start({
      kind: 'blobs',
      label,
      did,
      run: async (work) => {
        await noteBlobsDue(storage, did)
        // The index finds the blobs that records name.
        await indexer.done(did)
        work.check()
        const wait: LockOptions = { mode: 'exclusive', signal: work.signal }
        await storage.lock(lockName(did), wait, () => fetch(did, label, work, isAgain))
        return undefined
      },
    })
  }

  return {
    blobs: (did) => start(did, false),
    async resumeBlobs(signal) {
      for (const did of await blobsDue(storage)) {
        const now: LockOptions = { mode: 'exclusive', ifAvailable: true }
        // Another tab is at it, and was not cut off.
        const isFree = await storage.lock(lockName(did), now, async (held) => held)
        if (!isFree || signal.aborted) continue
        const { id } = await start(did, true)
        if (signal.aborted) jobs.cancel(id)
        await jobs.ended([id])
      }
    },
  }
}
