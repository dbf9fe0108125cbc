import { hasCode } from '../core/errors.ts'
import { isRetriable } from '../pds/errors.ts'
import { backUp, type BackupResult } from '../sync/backup.ts'
import { importFile } from '../sync/file.ts'
import { applyRetention, sweep } from '../sync/keep.ts'
import { repoRow } from '../sync/kept.ts'
import { deletePartials, partialRows } from '../sync/pages/partial-rows.ts'
import { createPins, type Pins } from '../sync/pages/pins.ts'
import type { PeerBackup, PeerBlobs } from '../sync/peers/model.ts'
import { verifyHead } from '../sync/verify-head.ts'
import type { Work } from '../sync/work.ts'
import { updateRepo } from '../storage/head.ts'
import type { ActivityLog } from './activity.ts'
import type { BackupOptions, Job } from './api.ts'
import { type BlobTasks, createBlobTasks } from './blob-tasks.ts'
import { broughtBy } from './brought-by.ts'
import type { History } from './history.ts'
import type { CairnHost } from './host.ts'
import type { Indexer } from './indexer.ts'
import { createInOrder } from './in-order.ts'
import { errorOf } from './job-error.ts'
import type { JobResult, Jobs } from './jobs.ts'
import { isNobodyElse, isOutOfReach } from './out-of-reach.ts'
import { createLiveTasks, type LiveTasks } from './live/live-tasks.ts'
import { createPeerTasks, type PeerTasks } from './peer-tasks.ts'
import { keepLastOf, readSettings } from './settings.ts'
import type { Summaries } from './summaries.ts'
import { afterServer, wayFields } from './ways.ts'
import { wordFirst } from './word-first.ts'

/** A server that is out of reach is asked so often before others are, and then with more patience. */
const TRIES_BEFORE_PEERS = 2

export interface TaskParts {
  readonly host: CairnHost
  readonly jobs: Jobs
  readonly log: ActivityLog
  readonly history: History
  readonly summaries: Summaries
  readonly indexer: Indexer
  /** something of a repo changed: forget what was remembered of it, and tell everyone */
  readonly changed: (did: string) => void
  /**
   * A repo may have a new head: before anything else that follows, everyone elsewhere who waits for it is told. True
   * when there may have been someone.
   */
  readonly moved: (result: BackupResult) => boolean
  /** asked once, when there is first something to lose */
  readonly persist: () => Promise<void>
  /** a repo from someone else's copy; undefined while this context has no network of peers */
  readonly fromPeers: () => ((did: string, work: Work) => Promise<PeerBackup>) | undefined
  /** its blobs from someone else's copy, in the same way */
  readonly blobsFromPeers?: () => ((did: string, work: Work) => Promise<PeerBlobs>) | undefined
}

/** The long work that a person can start on a repo. Each starts a job at once and returns it. */
export interface Tasks extends PeerTasks, LiveTasks, BlobTasks {
  backup(input: string, options?: BackupOptions): Job
  file(file: Blob, name: string): Job
  verify(did: string): Promise<Job>
  sweep(did: string): Job
  /** snapshots that peers are reading: retention leaves them alone */
  readonly pins: Pins
}

export function createTasks(parts: TaskParts): Tasks {
  const { host, jobs, log, history, summaries, indexer, changed } = parts
  const { storage } = host
  /** Of several backups of one account the older is refused after the newer: they come in as they were opened. */
  const files = createInOrder()
  const pins = createPins(host.clock)

  const nameOf = async (did: string): Promise<string> => (await repoRow(storage, did))?.handle ?? did

  /** Notes why it failed, unless it was told to stop. An equivocation is news of its own. */
  const noteFailure = async (
    kind: 'backup' | 'file' | 'peer' | 'blobs' | 'verify',
    did: string | undefined,
    label: string,
    work: Work,
    error: unknown,
  ): Promise<void> => {
    if (work.signal.aborted || hasCode(error, 'sync.cancelled')) return
    const { code, fields } = errorOf(error)
    const name = hasCode(error, 'repo.equivocation')
      ? ('repo.equivocation' as const)
      : (`${kind}.failed` as const)
    await log.note({ did, kind: name, fields: { ...fields, code, label }, level: 'bad' })
  }

  const resultOf = (result: BackupResult): Promise<JobResult> => broughtBy(history, result)

  /** What every backup ends in: history, retention, index, and word to the screens. */
  const takeIn = async (
    kind: 'backup' | 'file' | 'peer',
    label: string,
    work: Work,
    run: (work: Work) => Promise<PeerBackup>,
  ): Promise<JobResult> => {
    let did: string | undefined
    const watched: Work = {
      ...work,
      report(report) {
        did ??= report.did
        work.report(report)
      },
    }
    try {
      // Of what is asked for here nothing waits.
      const asked = parts.persist()
      asked.catch(() => {})
      const result = await run(watched)
      if (parts.moved(result)) await wordFirst(host.timers)
      await asked
      if (result.before === undefined && result.snapshot !== undefined) {
        const keepLast = keepLastOf((await readSettings(storage)).retention)
        await updateRepo(storage, result.did, (row) => ({ ...row, keepLast: row.keepLast ?? keepLast }))
        await dropPartials(result.did, work)
      }
      changed(result.did)
      const job = await resultOf(result)
      // A backup, too, where its own server could not give it.
      const fromPeer = kind === 'peer' || result.way !== undefined
      const done = fromPeer ? ('peer.pulled' as const) : (`${kind}.done` as const)
      const fields = { ...job, label, ...wayFields(result.way) }
      // What a peer said and was here already is no news; that a server has nothing new is.
      const isNews = kind !== 'peer' || job.changed
      if (isNews) await log.note({ did: result.did, kind: done, fields, level: 'good' })
      indexer.start(result.did)
      // What was damaged lies beside what was taken in anew, and may go.
      const isAnew = result.snapshot !== undefined && result.snapshot.commitCid === result.before?.commitCid
      if ((await applyRetention(storage, result.did, pins)) || isAnew) tasks.sweep(result.did)
      return job
    } catch (error) {
      if (did !== undefined) changed(did)
      await noteFailure(kind, did, label, work, error)
      throw error
    }
  }

  /** The whole repo has what its partial copies had. */
  const dropPartials = async (did: string, work: Work): Promise<void> => {
    if ((await partialRows(storage, did)).length === 0) return
    await work.exclusively(did, () => storage.write(deletePartials(did)))
  }

  /** From the account's own server; when that is out of reach, from anyone who keeps a copy. */
  const fetchOne = async (input: string, work: Work, options: BackupOptions): Promise<PeerBackup> => {
    const { endpoints } = await readSettings(storage)
    let did = input.startsWith('did:') ? input : undefined
    const watched: Work = {
      ...work,
      report(report) {
        did ??= report.did
        work.report(report)
      },
    }
    const fromPeers = parts.fromPeers()
    try {
      const tries = fromPeers === undefined ? {} : { tries: TRIES_BEFORE_PEERS }
      return await backUp(host, endpoints, input, watched, { ...options, ...tries })
    } catch (error) {
      if (fromPeers === undefined || !isOutOfReach(error)) throw error
      work.check()
      try {
        if (did !== undefined) {
          const { way, ...result } = await fromPeers(did, work)
          return way === undefined ? result : { ...result, way: afterServer(error, way) }
        }
      } catch (second) {
        if (!isNobodyElse(second)) throw second
      }
      // Its own server gets all the patience there is; that nobody else has it is no news.
      if (!isRetriable(error)) throw error
      return backUp(host, endpoints, did ?? input, watched, options)
    }
  }

  const tasks: Tasks = {
    pins,
    ...createBlobTasks(parts, { nameOf, noteFailure }),
    ...createPeerTasks(parts, { takeIn, noteFailure, blobs: (did) => tasks.blobs(did) }),
    ...createLiveTasks(parts, {
      pins,
      resultOf,
      blobs: (did) => tasks.blobs(did),
      sweep: (did) => tasks.sweep(did),
    }),
    backup(input, options = {}) {
      const did = input.startsWith('did:') ? input : undefined
      return jobs.start({
        kind: 'backup',
        label: input,
        did,
        run: async (work) => {
          const { blobs } = await readSettings(storage)
          const known = did === undefined ? undefined : await summaries.repo(did, undefined)
          work.report({ totalRecords: known?.head?.records })
          const result = await takeIn('backup', input, work, (watched) => fetchOne(input, watched, options))
          if (blobs && !work.signal.aborted) await tasks.blobs(result.did)
          return result
        },
      })
    },
    file(file, name) {
      return jobs.start({
        kind: 'file',
        label: name,
        did: undefined,
        run: (work) =>
          files.run(work.signal, async (pass) => {
            const inOrder: Work = {
              ...work,
              exclusively: (did, run) =>
                pass(async () => {
                  work.check()
                  return work.exclusively(did, run)
                }),
            }
            const { endpoints } = await readSettings(storage)
            return takeIn('file', name, inOrder, (watched) =>
              importFile(host, endpoints, file, name, watched),
            )
          }),
      })
    },
    async verify(did) {
      const label = await nameOf(did)
      return jobs.start({
        kind: 'verify',
        label,
        did,
        run: async (work) => {
          try {
            const result = await verifyHead(host, did, work)
            await log.note({ did, kind: 'verify.done', fields: result, level: 'good' })
          } catch (error) {
            await noteFailure('verify', did, label, work, error)
            throw error
          }
          changed(did)
          return undefined
        },
      })
    },
    sweep(did) {
      return jobs.start({
        kind: 'sweep',
        label: did,
        did,
        run: async (work) => {
          // The index learns what changed from the older tree, while that is still there.
          await indexer.done(did)
          work.check()
          await jobs.holding(did, () => sweep(storage, did, work.signal))
          changed(did)
          return undefined
        },
      })
    },
  }
  return tasks
}
