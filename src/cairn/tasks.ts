import { hasCode } from '../core/errors.ts'
import { backUp, type BackupResult } from '../sync/backup.ts'
import { fetchBlobs } from '../sync/blobs.ts'
import { importFile } from '../sync/file.ts'
import { applyRetention, sweep } from '../sync/keep.ts'
import { repoRow } from '../sync/kept.ts'
import { verifyHead } from '../sync/verify-head.ts'
import type { Work } from '../sync/work.ts'
import { updateRepo } from '../storage/head.ts'
import type { ActivityLog } from './activity.ts'
import type { BackupOptions, Job } from './api.ts'
import type { History } from './history.ts'
import type { CairnHost } from './host.ts'
import type { Indexer } from './indexer.ts'
import { createInOrder } from './in-order.ts'
import { errorOf } from './job-error.ts'
import type { JobResult, Jobs } from './jobs.ts'
import { keepLastOf, readSettings } from './settings.ts'
import type { Summaries } from './summaries.ts'

export interface TaskParts {
  readonly host: CairnHost
  readonly jobs: Jobs
  readonly log: ActivityLog
  readonly history: History
  readonly summaries: Summaries
  readonly indexer: Indexer
  /** something of a repo changed: forget what was remembered of it, and tell everyone */
  readonly changed: (did: string) => void
  /** asked once, when there is first something to lose */
  readonly persist: () => Promise<void>
}

/** The long work that a person can start on a repo. Each starts a job at once and returns it. */
export interface Tasks {
  backup(input: string, options?: BackupOptions): Job
  file(file: Blob, name: string): Job
  blobs(did: string): Promise<Job>
  verify(did: string): Promise<Job>
  sweep(did: string): Job
}

export function createTasks(parts: TaskParts): Tasks {
  const { host, jobs, log, history, summaries, indexer, changed } = parts
  const { storage } = host
  /** Of several backups of one account the older is refused after the newer: they come in as they were opened. */
  const files = createInOrder()

  const nameOf = async (did: string): Promise<string> => (await repoRow(storage, did))?.handle ?? did

  /** Notes why it failed, unless it was told to stop. An equivocation is news of its own. */
  const noteFailure = async (
    kind: 'backup' | 'file' | 'blobs' | 'verify',
    did: string | undefined,
    label: string,
    work: Work,
    error: unknown,
  ): Promise<void> => {
    if (work.signal.aborted) return
    const { code, fields } = errorOf(error)
    const name = hasCode(error, 'repo.equivocation')
      ? ('repo.equivocation' as const)
      : (`${kind}.failed` as const)
    await log.note({ did, kind: name, fields: { ...fields, code, label }, level: 'bad' })
  }

  const resultOf = async ({ did, snapshot, before }: BackupResult): Promise<JobResult> => {
    if (snapshot === undefined) return { did, changed: false, added: 0, updated: 0, deleted: 0 }
    if (before === undefined)
      return { did, changed: true, added: snapshot.root.records, updated: 0, deleted: 0 }
    const set = await history.changes(did, before.id, snapshot.id, { offset: 0, limit: 0 })
    return { did, changed: true, added: set.added, updated: set.changed, deleted: set.deleted }
  }

  /** What every backup ends in: history, retention, index, and word to the screens. */
  const takeIn = async (
    kind: 'backup' | 'file',
    label: string,
    work: Work,
    run: (work: Work) => Promise<BackupResult>,
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
      await parts.persist()
      const result = await run(watched)
      if (result.before === undefined && result.snapshot !== undefined) {
        const keepLast = keepLastOf((await readSettings(storage)).retention)
        await updateRepo(storage, result.did, (row) => ({ ...row, keepLast: row.keepLast ?? keepLast }))
      }
      changed(result.did)
      const job = await resultOf(result)
      await log.note({ did: result.did, kind: `${kind}.done`, fields: { ...job, label }, level: 'good' })
      indexer.start(result.did)
      if (await applyRetention(storage, result.did)) tasks.sweep(result.did)
      return job
    } catch (error) {
      if (did !== undefined) changed(did)
      await noteFailure(kind, did, label, work, error)
      throw error
    }
  }

  const tasks: Tasks = {
    backup(input, options = {}) {
      const did = input.startsWith('did:') ? input : undefined
      return jobs.start({
        kind: 'backup',
        label: input,
        did,
        run: async (work) => {
          const { endpoints, blobs } = await readSettings(storage)
          const known = did === undefined ? undefined : await summaries.repo(did, undefined)
          work.report({ totalRecords: known?.head?.records })
          const result = await takeIn('backup', input, work, (watched) =>
            backUp(host, endpoints, input, watched, options),
          )
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
    async blobs(did) {
      const label = await nameOf(did)
      return jobs.start({
        kind: 'blobs',
        label,
        did,
        run: async (work) => {
          // The index finds the blobs that records name.
          await indexer.done(did)
          work.check()
          const { endpoints } = await readSettings(storage)
          try {
            const counts = await fetchBlobs(host, endpoints, did, work)
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
            await noteFailure('blobs', did, label, work, error)
            throw error
          } finally {
            changed(did)
          }
          return undefined
        },
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
