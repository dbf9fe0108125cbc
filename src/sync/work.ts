import type { RetryWait } from '../pds/retry.ts'
import type { LockOptions, Storage } from '../storage/port.ts'
import { SyncError } from './errors.ts'

export type WorkPhase =
  | 'resolving'
  | 'connecting'
  | 'receiving'
  | 'proving'
  | 'saving'
  | 'blobs'
  | 'checking'
  | 'waiting'

export interface WorkReport {
  readonly did?: string
  readonly phase?: WorkPhase
  readonly bytes?: number
  readonly totalBytes?: number | undefined
  readonly blocks?: number
  readonly records?: number
  readonly totalRecords?: number | undefined
  readonly attempt?: number
}

/** A piece of work as its code sees it: how to say how far it is, and how it learns that nobody wants it any more. */
export interface Work {
  readonly signal: AbortSignal
  report(report: WorkReport): void
  onWait(wait: RetryWait): void
  /** Throws `sync.cancelled` once the work was cancelled. */
  check(): void
  /** Runs with the repo's exclusive lock: one import, sweep or deletion at a time, over all tabs. */
  exclusively<T>(did: string, run: () => Promise<T>): Promise<T>
}

const repoLock = (did: string): string => `repo:${did}`

/**
 * Runs with a repo's lock: at once or not at all, or, given a signal, as soon as it is free.
 *
 * @throws SyncError `sync.busy` when another tab or process is at work on this repo, `sync.cancelled`
 */
export async function exclusively<T>(
  storage: Storage,
  did: string,
  run: () => Promise<T>,
  wait?: AbortSignal,
): Promise<T> {
  const options: LockOptions =
    wait === undefined ? { mode: 'exclusive', ifAvailable: true } : { mode: 'exclusive', signal: wait }
  return storage.lock(repoLock(did), options, async (held) => {
    if (!held) throw new SyncError('sync.busy', { did })
    if (wait?.aborted === true) throw new SyncError('sync.cancelled')
    return run()
  })
}
