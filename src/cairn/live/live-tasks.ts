import { applyRetention } from '../../sync/keep.ts'
import type { BackupResult } from '../../sync/backup.ts'
import { repoRow } from '../../sync/kept.ts'
import type { Work } from '../../sync/work.ts'
import type { Pins } from '../../sync/pages/pins.ts'
import type { Job } from '../api.ts'
import type { JobResult } from '../jobs.ts'
import { readSettings } from '../settings.ts'
import type { TaskParts } from '../tasks.ts'
import { wordFirst } from '../word-first.ts'

/** The work that following the accounts' servers starts. */
export interface LiveTasks {
  /** Takes in what a server told of; resolves with what came of it when the job has ended. */
  told(did: string, run: (work: Work) => Promise<BackupResult>): Promise<BackupResult>
  /** Something of a repo's row changed: everyone is told. */
  noted(did: string): void
}

/** What these have in common with other tasks. */
export interface LiveSteps {
  readonly pins: Pins
  resultOf(result: BackupResult): Promise<JobResult>
  blobs(did: string): Promise<Job>
  sweep(did: string): Job
}

/**
 * What comes from a firehose is not noted in the history: people write all day, and it would push out everything
 * else there. Its snapshots show it.
 */
export function createLiveTasks(parts: TaskParts, steps: LiveSteps): LiveTasks {
  const { host, jobs, indexer, changed } = parts
  const { storage } = host
  return {
    noted: changed,
    async told(did, run) {
      const label = (await repoRow(storage, did))?.handle ?? did
      const outcome = Promise.withResolvers<BackupResult>()
      // Whoever waits is told of every end; one that waits for nothing may not listen.
      outcome.promise.catch(() => {})
      jobs.start({
        kind: 'backup',
        label,
        did,
        run: async (work) => {
          try {
            const result = await run(work)
            if (parts.moved(result)) await wordFirst(host.timers)
            if (result.snapshot !== undefined) changed(did)
            // Before retention, which may drop what it is compared with.
            const job = await steps.resultOf(result)
            if (result.snapshot !== undefined) {
              indexer.start(did)
              if (await applyRetention(storage, did, steps.pins)) steps.sweep(did)
              const { blobs } = await readSettings(storage)
              if (blobs && !work.signal.aborted) await steps.blobs(did)
            }
            outcome.resolve(result)
            return job
          } catch (error) {
            outcome.reject(error)
            throw error
          }
        },
      })
      return outcome.promise
    },
  }
}
