import { leftOf } from '../core/clock.ts'
import { SyncError } from '../sync/errors.ts'
import { exclusively, type Work, type WorkReport } from '../sync/work.ts'
import type { Job, JobKind } from './api.ts'
import type { CairnHost } from './host.ts'
import { errorOf } from './job-error.ts'
import { createRate, type Rate } from './rate.ts'
import { createTurns } from './turns.ts'

/** Events about one job are no more frequent than this, ms: ten a second is all that a person can read. */
const REPORT_EVERY = 100
/** A running job says so at least this often, ms, for the other tabs. */
const HEARTBEAT = 2000
/** A job of another tab that was silent for this long is gone with its tab, ms. */
const SILENT = 7000
/** Ended jobs that are remembered, for the Activity screen. */
const REMEMBERED = 50
/** Jobs at once; more wait. */
const AT_ONCE = 3

export type JobResult = NonNullable<Job['result']>

export interface Jobs {
  list(): Job[]
  /** The job at work on this repo, if any. */
  of(did: string): Job | undefined
  start(input: {
    readonly kind: JobKind
    readonly label: string
    readonly did: string | undefined
    /** it is over in no time, most often: then only its end is told */
    readonly brief?: boolean
    readonly run: (work: Work) => Promise<JobResult | undefined>
  }): Job
  cancel(id: string): void
  /** Cancels every job of this tab on a repo, and resolves when they have ended. */
  stop(did: string): Promise<void>
  /**
   * Runs with a repo's lock, in turn with the jobs of this tab, and after a sweep of another one.
   *
   * @throws SyncError `sync.busy` when another tab is at work on it, `sync.cancelled`
   */
  exclusively<T>(did: string, signal: AbortSignal, run: () => Promise<T>): Promise<T>
  /** Runs what takes a repo's lock by itself, so that the jobs of this tab wait for it. */
  holding<T>(did: string, run: () => Promise<T>): Promise<T>
  /** Resolves when these jobs of this tab have ended. */
  ended(ids: readonly string[]): Promise<void>
  /** A job of another tab. */
  heard(job: Job): void
  /** Resolves when every job of this tab has ended. */
  idle(): Promise<void>
}

interface Entry {
  job: Job
  readonly controller: AbortController
  readonly rate: Rate
  lastEmit: number
  /** nothing but its end is told before this, ms since epoch */
  readonly quietUntil: number
  ended: Promise<void>
}

/** Runs long work one step away from whoever asked: each job has progress, can be cancelled, and ends in one state. */
export function createJobs(host: CairnHost, emit: (job: Job) => void): Jobs {
  const mine = new Map<string, Entry>()
  const foreign = new Map<string, { job: Job; at: number }>()
  const turns = createTurns(AT_ONCE)
  /** Repos that jobs of this tab hold, or wait for, the lock of. */
  const held = new Map<string, number>()

  const update = (entry: Entry, change: Partial<Job>, now = false): void => {
    entry.job = { ...entry.job, ...change }
    const at = host.clock.now()
    const isOver = entry.job.endedAt !== undefined
    if (!isOver && (at < entry.quietUntil || (!now && at - entry.lastEmit < REPORT_EVERY))) return
    entry.lastEmit = at
    emit(entry.job)
  }

  const progress = (entry: Entry, report: WorkReport): Partial<Job> => {
    const { job } = entry
    const bytes = report.bytes ?? job.bytes
    const rate =
      report.bytes === undefined ? job.rate : (entry.rate.note(host.clock.now(), bytes) ?? job.rate)
    const total = 'totalBytes' in report ? report.totalBytes : job.totalBytes
    const timeLeft = total === undefined || rate === 0 ? undefined : Math.max(0, (total - bytes) / rate)
    return { ...report, rate, timeLeft, state: 'running', nextTryAt: undefined, error: undefined }
  }

  const holding = async <T>(did: string, run: () => Promise<T>): Promise<T> => {
    held.set(did, (held.get(did) ?? 0) + 1)
    try {
      return await run()
    } finally {
      const left = (held.get(did) ?? 1) - 1
      if (left === 0) held.delete(did)
      else held.set(did, left)
    }
  }

  /** Nobody has asked for a sweep and nobody can stop it: it is waited for, in whichever tab it runs. */
  const isSwept = (did: string): boolean => alive().some((job) => job.did === did && job.kind === 'sweep')

  /** Jobs of this tab take turns on a repo; one that another tab is at work on is refused. */
  const onRepo = async <T>(did: string, signal: AbortSignal, run: () => Promise<T>): Promise<T> => {
    const wait = held.has(did) || isSwept(did) ? signal : undefined
    return holding(did, () => exclusively(host.storage, did, run, wait))
  }

  const workOf = (entry: Entry): Work => {
    const { signal } = entry.controller
    return {
      signal,
      report(report) {
        update(entry, progress(entry, report), report.did !== undefined || report.phase !== undefined)
      },
      onWait({ attempt, delayMs, error }) {
        update(
          entry,
          {
            state: 'retrying',
            attempt: attempt + 1,
            nextTryAt: host.clock.now() + delayMs,
            error: errorOf(error),
          },
          true,
        )
      },
      check() {
        if (signal.aborted) throw new SyncError('sync.cancelled')
      },
      exclusively: (did, run) => onRepo(did, signal, run),
    }
  }

  const finish = (entry: Entry, change: Partial<Job>): void => {
    update(entry, { endedAt: host.clock.now(), nextTryAt: undefined, timeLeft: undefined, ...change }, true)
    const ended = [...mine.values()].filter((it) => it.job.endedAt !== undefined)
    for (const old of ended.slice(0, Math.max(0, ended.length - REMEMBERED))) mine.delete(old.job.id)
  }

  const beat = (entry: Entry): void => {
    host.timers.after(HEARTBEAT, () => {
      if (entry.job.endedAt !== undefined) return
      emit(entry.job)
      beat(entry)
    })
  }

  const drive = async (entry: Entry, run: (work: Work) => Promise<JobResult | undefined>): Promise<void> => {
    const mayRun = await turns.take(entry.controller.signal)
    try {
      const work = workOf(entry)
      work.check()
      update(entry, { state: 'running' }, true)
      finish(entry, { state: 'done', result: await run(work), error: undefined })
    } catch (error) {
      const cancelled = entry.controller.signal.aborted
      finish(
        entry,
        cancelled ? { state: 'cancelled', error: undefined } : { state: 'failed', error: errorOf(error) },
      )
    } finally {
      if (mayRun) turns.done()
    }
  }

  const alive = (): Job[] => {
    const now = host.clock.now()
    for (const [id, { at }] of foreign) if (leftOf(SILENT, at, now) === 0) foreign.delete(id)
    return [...foreign.values()].map((it) => it.job)
  }

  return {
    list: () => [...mine.values()].map((it) => it.job).concat(alive()),
    of(did) {
      const all = [...mine.values()].map((it) => it.job).concat(alive())
      return all.findLast((job) => job.did === did && job.endedAt === undefined)
    },
    start({ kind, label, did, brief = false, run }) {
      const now = host.clock.now()
      const job: Job = {
        id: `${now.toString(36)}-${host.random().toString(36)}`,
        kind,
        did,
        label,
        state: 'queued',
        phase: 'waiting',
        startedAt: now,
        endedAt: undefined,
        bytes: 0,
        totalBytes: undefined,
        blocks: 0,
        records: 0,
        totalRecords: undefined,
        rate: 0,
        timeLeft: undefined,
        attempt: 1,
        nextTryAt: undefined,
        error: undefined,
        result: undefined,
      }
      const entry: Entry = {
        job,
        controller: new AbortController(),
        rate: createRate(),
        lastEmit: 0,
        quietUntil: brief ? now + REPORT_EVERY : 0,
        ended: Promise.resolve(),
      }
      mine.set(job.id, entry)
      if (!brief) emit(job)
      entry.ended = drive(entry, run)
      beat(entry)
      return entry.job
    },
    cancel(id) {
      mine.get(id)?.controller.abort()
    },
    async stop(did) {
      const active = [...mine.values()].filter((it) => it.job.did === did)
      for (const { controller } of active) controller.abort()
      await Promise.all(active.map((it) => it.ended))
    },
    exclusively: onRepo,
    holding,
    async ended(ids) {
      await Promise.all(ids.flatMap((id) => mine.get(id)?.ended ?? []))
    },
    heard(job) {
      if (job.endedAt === undefined) foreign.set(job.id, { job, at: host.clock.now() })
      else foreign.delete(job.id)
    },
    async idle() {
      await Promise.all([...mine.values()].map((it) => it.ended))
    },
  }
}
