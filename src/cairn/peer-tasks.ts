import { repoRow } from '../sync/kept.ts'
import type { PeerBackup, PeerCollection } from '../sync/peers/model.ts'
import type { Work } from '../sync/work.ts'
import type { Job } from './api.ts'
import type { JobResult } from './jobs.ts'
import { readSettings } from './settings.ts'
import type { TaskParts } from './tasks.ts'
import { wayFields } from './ways.ts'

/** The long work that the network of peers starts. */
export interface PeerTasks {
  /**
   * Takes a repo in from peers; resolves with what came of it when the job has ended.
   *
   * @param label what a person knows the repo by, of what is over in no time: resolves as soon as it is there
   */
  peers(did: string, run: (work: Work) => Promise<PeerBackup>, label?: string): Promise<PeerBackup>
  /** Takes one collection of a repo in from peers; `ended` resolves with what came when the job has ended. */
  collection(
    did: string,
    collection: string,
    run: (work: Work) => Promise<PeerCollection | undefined>,
  ): { readonly job: Job; readonly ended: Promise<PeerCollection | undefined> }
}

/** What these have in common with other tasks. */
export interface TaskSteps {
  takeIn(
    kind: 'peer',
    label: string,
    work: Work,
    run: (work: Work) => Promise<PeerBackup>,
  ): Promise<JobResult>
  noteFailure(kind: 'peer', did: string, label: string, work: Work, error: unknown): Promise<void>
  blobs(did: string): Promise<Job>
}

export function createPeerTasks(parts: TaskParts, { takeIn, noteFailure, blobs }: TaskSteps): PeerTasks {
  const { host, jobs, log, changed } = parts
  const { storage } = host

  return {
    async peers(did, run, known) {
      const label = known ?? (await repoRow(storage, did))?.handle ?? did
      const brief = known !== undefined
      const outcome = heard<PeerBackup>()
      jobs.start({
        kind: 'peer',
        label,
        did,
        brief,
        run: async (work) => {
          try {
            let came: PeerBackup | undefined
            const result = await takeIn('peer', label, work, async (watched) => {
              came = await run(watched)
              // The next of a burst need not wait for what follows from this one.
              if (brief) outcome.resolve(came)
              return came
            })
            if (came !== undefined) outcome.resolve(came)
            const wanted = (await readSettings(storage)).blobs
            if (wanted && result.changed && !work.signal.aborted) await blobs(did)
            return result
          } catch (error) {
            outcome.reject(error)
            throw error
          }
        },
      })
      return outcome.promise
    },
    collection(did, collection, run) {
      const outcome = heard<PeerCollection | undefined>()
      const job = jobs.start({
        kind: 'collection',
        label: collection,
        did,
        run: async (work) => {
          try {
            await parts.persist()
            const taken = await run(work)
            if (taken !== undefined) {
              const { records } = taken.row
              const fields = { label: collection, collection, records, ...wayFields(taken.way) }
              await log.note({ did, kind: 'peer.pulled', fields, level: 'good' })
            }
            outcome.resolve(taken)
          } catch (error) {
            await noteFailure('peer', did, collection, work, error)
            outcome.reject(error)
            throw error
          } finally {
            changed(did)
          }
          return undefined
        },
      })
      return { job, ended: outcome.promise }
    },
  }
}

/** Whoever waits is told of every end; one that waits for nothing may not listen. */
function heard<T>(): PromiseWithResolvers<T> {
  const outcome = Promise.withResolvers<T>()
  outcome.promise.catch(() => {})
  return outcome
}
