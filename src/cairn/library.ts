import { backUp, type BackupResult } from '../sync/backup.ts'
import { fetchBlobs } from '../sync/blobs.ts'
import { SyncError } from '../sync/errors.ts'
import { importFile } from '../sync/file.ts'
import { applyRetention, deleteRepo, deleteSnapshot, sweep, verifyHead } from '../sync/keep.ts'
import { repoRow, snapshotsOf } from '../sync/kept.ts'
import { exclusively, type Work } from '../sync/work.ts'
import { updateRepo } from '../storage/head.ts'
import { discardImport } from '../storage/importer.ts'
import type { ImportRow, RepoRow } from '../storage/rows.ts'
import type { Job, Library, Retention } from './api.ts'
import type { ActivityLog } from './activity.ts'
import { createBlobs } from './blobs.ts'
import type { CairnHost } from './host.ts'
import { createExports } from './exports/exports.ts'
import type { Indexer } from './indexer.ts'
import { errorOf, type JobResult, type Jobs } from './jobs.ts'
import type { Records } from './records.ts'
import { readSettings } from './settings.ts'
import { summaryOf, type Summaries } from './summaries.ts'

export interface LibraryParts {
  readonly host: CairnHost
  readonly jobs: Jobs
  readonly log: ActivityLog
  readonly records: Records
  readonly summaries: Summaries
  readonly indexer: Indexer
  /** something of a repo changed: forget what was remembered of it, and tell everyone */
  readonly changed: (did: string) => void
  /** asked once, when there is first something to lose */
  readonly persist: () => Promise<void>
}

/** The repos kept on this device, and everything a person does with them. */
export function createLibrary(parts: LibraryParts): Library {
  const { host, jobs, log, records, summaries, indexer, changed } = parts
  const { storage } = host
  const blobs = createBlobs(storage)
  const exports = createExports(storage)
  /** What to do again for a repo whose import was cut off; a file cannot be asked for again. */
  const startBackup = (input: string, did?: string): Job =>
    jobs.start({
      kind: 'backup',
      label: input,
      did,
      run: async (work) => {
        const settings = await readSettings(storage)
        const expected = did === undefined ? undefined : await headRecords(did)
        work.report({ totalRecords: expected })
        return ended('backup', work, (watched) => backUp(host, settings.endpoints, input, watched), async (done) => {
          if (settings.blobs) await startBlobs(done)
        })
      },
    })

  const headRecords = async (did: string): Promise<number | undefined> => (await summaries.repo(did, undefined))?.head?.records

  /** What every backup ends in: history, retention, index, and word to the screens. */
  const ended = async (
    kind: 'backup' | 'file',
    work: Work,
    run: (work: Work) => Promise<BackupResult>,
    after: (did: string) => Promise<void>,
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
      changed(result.did)
      const job = await resultOf(result)
      await log.note({ did: result.did, kind: `${kind}.done`, fields: { ...job }, level: 'good' })
      if (await applyRetention(storage, result.did)) startSweep(result.did)
      indexer.start(result.did)
      await after(result.did)
      return job
    } catch (error) {
      if (did !== undefined) changed(did)
      if (!work.signal.aborted) {
        const { code, fields } = errorOf(error)
        await log.note({ did, kind: `${kind}.failed`, fields: { ...fields, code }, level: 'bad' })
      }
      throw error
    }
  }

  const resultOf = async ({ did, snapshot, before }: BackupResult): Promise<JobResult> => {
    if (snapshot === undefined) return { did, changed: false, added: 0, updated: 0, deleted: 0 }
    if (before === undefined) return { did, changed: true, added: snapshot.root.records, updated: 0, deleted: 0 }
    const set = await records.changes(did, before.id, snapshot.id, { offset: 0, limit: 0 })
    return { did, changed: true, added: set.added, updated: set.changed, deleted: set.deleted }
  }

  const startBlobs = async (did: string): Promise<Job> => {
    await indexer.done(did)
    const label = (await repoRow(storage, did))?.handle ?? did
    return jobs.start({
      kind: 'blobs',
      label,
      did,
      run: async (work) => {
        const settings = await readSettings(storage)
        try {
          const counts = await fetchBlobs(host, settings.endpoints, did, work)
          if (counts.fetched + counts.missing + counts.failed > 0) {
            await log.note({ did, kind: 'blobs.done', fields: counts, level: counts.missing + counts.failed > 0 ? 'warning' : 'good' })
          }
        } finally {
          changed(did)
        }
        return undefined
      },
    })
  }

  const startSweep = (did: string): Job =>
    jobs.start({
      kind: 'sweep',
      label: did,
      did,
      run: async (work) => {
        await sweep(storage, did, work)
        changed(did)
        return undefined
      },
    })

  const lock = { exclusively: <T>(did: string, run: () => Promise<T>) => exclusively(storage, did, run) }

  const library: Library = {
    list: async () => (await summaries.all((did) => jobs.of(did))).sort((a, b) => a.addedAt - b.addedAt),
    get: (did) => summaries.repo(did, jobs.of(did)),
    async backup(input) {
      const running = jobs.list().find((job) => job.endedAt === undefined && (job.did === input || job.label === input))
      return running?.kind === 'backup' ? running : startBackup(input, input.startsWith('did:') ? input : undefined)
    },
    async importFile(file, name) {
      return jobs.start({
        kind: 'file',
        label: name,
        did: undefined,
        run: async (work) => {
          const settings = await readSettings(storage)
          return ended('file', work, (watched) => importFile(host, settings.endpoints, file, name, watched), async () => {})
        },
      })
    },
    fetchBlobs: startBlobs,
    async skipBlob(did, cid, skip) {
      await blobs.skip(did, cid, skip)
      changed(did)
    },
    async verify(did) {
      const label = (await repoRow(storage, did))?.handle ?? did
      return jobs.start({
        kind: 'verify',
        label,
        did,
        run: async (work) => {
          try {
            const result = await verifyHead(host, did, work)
            await log.note({ did, kind: 'verify.done', fields: result, level: 'good' })
          } catch (error) {
            if (!work.signal.aborted) await log.note({ did, kind: 'verify.failed', fields: { ...errorOf(error).fields, code: errorOf(error).code }, level: 'bad' })
            throw error
          }
          changed(did)
          return undefined
        },
      })
    },
    async cancel(jobId) {
      jobs.cancel(jobId)
    },
    async resume(did) {
      const begun = (await storage.get('imports', did)) as ImportRow | undefined
      const row = await repoRow(storage, did)
      if (begun === undefined && row === undefined) throw new SyncError('sync.nothing-to-resume', { did })
      return startBackup(did, did)
    },
    async discardUnfinished(did) {
      await lock.exclusively(did, () => discardImport(storage, did))
      changed(did)
    },
    snapshots: async (did) => (await snapshotsOf(storage, did)).map(summaryOf),
    changes: (did, from, to, page) => records.changes(did, from, to, page),
    records: (query) => records.page(query),
    record: (did, path, snapshot) => records.detail(did, path, snapshot),
    versions: (did, path) => records.versions(did, path),
    proofCar: (did, path, snapshot) => records.proofCar(did, path, snapshot),
    blobs: (did, page) => blobs.page(did, page),
    blob: (did, cid) => blobs.bytes(did, cid),
    search: (query) => indexer.search(query),
    async exportRepo(did, format, snapshot) {
      const row = await records.snapshot(did, snapshot)
      return exports.file(format, row, (await repoRow(storage, did))?.handle)
    },
    async setRetention(did, retention) {
      await updateRepo(storage, did, (row) => ({ ...row, keepLast: keepLastOf(retention) }))
      if (await applyRetention(storage, did)) startSweep(did)
      changed(did)
    },
    async deleteSnapshot(did, snapshot) {
      await deleteSnapshot(storage, did, snapshot)
      records.forget(did)
      changed(did)
      startSweep(did)
    },
    async deleteRepo(did) {
      const row: RepoRow | undefined = await repoRow(storage, did)
      for (const job of jobs.list()) if (job.did === did) jobs.cancel(job.id)
      await indexer.drop(did)
      await deleteRepo(storage, did, lock)
      records.forget(did)
      changed(did)
      await log.note({ did: undefined, kind: 'repo.deleted', fields: { did, handle: row?.handle }, level: 'info' })
    },
  }
  return library
}

export const keepLastOf = (retention: Retention): number | undefined =>
  retention.keep === 'all' ? undefined : Math.max(1, retention.count)
