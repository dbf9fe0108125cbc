import { parseAccountName } from '../pds/input.ts'
import { clearBlobsDue } from '../sync/blobs-due.ts'
import { SyncError } from '../sync/errors.ts'
import { applyRetention, deleteRepo, deleteSnapshot } from '../sync/keep.ts'
import { repoRow, snapshotsOf } from '../sync/kept.ts'
import { updateRepo } from '../storage/head.ts'
import { discardImport } from '../storage/import-row.ts'
import type { Library } from './api.ts'
import { createBlobs } from './blobs.ts'
import { createPartials } from './partials.ts'
import { createPreparation } from './preparation.ts'
import type { Records } from './records.ts'
import { keepLastOf } from './settings.ts'
import { summaryOf } from './summaries.ts'
import { createTasks, type TaskParts, type Tasks } from './tasks.ts'

/** The repos kept on this device, and everything a person does with them. */
export function createLibrary(parts: TaskParts & { readonly records: Records }): {
  library: Library
  tasks: Tasks
} {
  const { host, jobs, log, records, history, summaries, indexer, changed } = parts
  const { storage } = host
  const blobs = createBlobs(storage, changed)
  const tasks = createTasks(parts)
  /** What a person asks for in an instant is not stopped: it waits its turn in this tab. */
  const { signal } = new AbortController()
  const lock = {
    exclusively: <T>(did: string, run: () => Promise<T>) => jobs.exclusively(did, signal, run),
  }
  const partials = createPartials(host, lock)

  const library: Library = {
    list: async () => (await summaries.all((did) => jobs.of(did))).sort((a, b) => a.addedAt - b.addedAt),
    get: (did) => summaries.repo(did, jobs.of(did)),
    prepare: createPreparation(host, jobs),
    async backup(input, options) {
      // what names no account is told where it was typed, and is no work that failed
      parseAccountName(input)
      const isSame = (it: { did: string | undefined; label: string }): boolean =>
        it.did === input || it.label === input
      const running = jobs.list().find((it) => it.kind === 'backup' && it.endedAt === undefined && isSame(it))
      return running ?? tasks.backup(input, options)
    },
    importFile: async (file, name) => tasks.file(file, name),
    fetchBlobs: (did) => tasks.blobs(did),
    async skipBlob(did, cid, skip) {
      await blobs.skip(did, cid, skip)
      changed(did)
    },
    verify: (did) => tasks.verify(did),
    async cancel(jobId) {
      const job = jobs.list().find((it) => it.id === jobId)
      jobs.cancel(jobId)
      // Whoever stops it does not want it to go on by itself.
      if (job?.kind === 'blobs' && job.did !== undefined) await clearBlobsDue(storage, job.did)
    },
    async resume(did) {
      const begun = (await storage.get('imports', did)) !== undefined
      const last = jobs
        .list()
        .findLast((it) => it.did === did && it.endedAt !== undefined && it.state !== 'done')
      // A first backup that was cut off before anything could be stored has left neither row.
      if (!begun && last === undefined && (await repoRow(storage, did)) === undefined)
        throw new SyncError('sync.nothing-to-resume', { did })
      if (!begun && last?.kind === 'blobs') return tasks.blobs(did)
      if (!begun && last?.kind === 'verify') return tasks.verify(did)
      // Only whoever asked for the collection knows that it is no backup that was wanted.
      if (!begun && last?.kind === 'collection') throw new SyncError('sync.nothing-to-resume', { did })
      // A file cannot be asked for again; the account's server has what it held, and newer.
      return library.backup(did)
    },
    async discardUnfinished(did) {
      await lock.exclusively(did, () => discardImport(storage, did))
      changed(did)
    },
    snapshots: async (did) => (await snapshotsOf(storage, did)).map(summaryOf),
    changes: (did, from, to, page) => history.changes(did, from, to, page),
    records: (query) => records.page(query),
    record: (did, path, snapshot) => records.detail(did, path, snapshot),
    versions: (did, path) => history.versions(did, path),
    proofCar: (did, path, snapshot) => records.proofCar(did, path, snapshot),
    blobs: (did, page) => blobs.page(did, page),
    blob: (did, cid) => blobs.bytes(did, cid),
    search: (query) => indexer.search(query),
    async exportRepo(did, format, snapshot) {
      const row = await records.snapshot(did, snapshot)
      // Nothing that a first screen waits for.
      const { createExports } = await import('./exports/exports.ts')
      return createExports(storage).file(format, row, (await repoRow(storage, did))?.handle)
    },
    async setRetention(did, retention) {
      await updateRepo(storage, did, (row) => ({ ...row, keepLast: keepLastOf(retention) }))
      if (await applyRetention(storage, did, tasks.pins)) tasks.sweep(did)
      changed(did)
    },
    async deleteSnapshot(did, snapshot) {
      await deleteSnapshot(storage, did, snapshot)
      history.forget()
      changed(did)
      tasks.sweep(did)
    },
    async deleteRepo(did) {
      const row = await repoRow(storage, did)
      await Promise.all([jobs.stop(did), indexer.drop(did)])
      await deleteRepo(storage, did, lock)
      records.forget(did)
      history.forget()
      changed(did)
      await log.note({
        did: undefined,
        kind: 'repo.deleted',
        fields: { did, handle: row?.handle },
        level: 'info',
      })
    },
    partials: () => partials.list(),
    readPartial: (query) => partials.page(query),
    async deletePartial(did, collection) {
      await partials.remove(did, collection)
      changed(did)
    },
  }
  return { library, tasks }
}
