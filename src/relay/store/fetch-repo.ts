import { CairnError, hasCode } from '../../core/errors.ts'
import { discardImport } from '../../storage/import-row.ts'
import { StorageError } from '../../storage/errors.ts'
import { backUp } from '../../sync/backup.ts'
import type { Endpoints, Host } from '../../sync/host.ts'
import { headOf } from '../../sync/kept.ts'
import { SyncError } from '../../sync/errors.ts'
import { exclusively, type Work } from '../../sync/work.ts'
import { StoreError } from './errors.ts'
import type { StoreOptions } from './model.ts'

export interface Fetching {
  readonly host: Host
  readonly endpoints: Endpoints
  readonly signal: AbortSignal
  readonly pull: StoreOptions['pull']
  /** Throws when a transfer of about so many bytes could not end well whatever is given up for it. */
  readonly foresee: (did: string, bytes: number) => void
}

/**
 * Work of the store: nobody watches it, and a stop of the relay ends it. It waits for a repo's lock. A transfer
 * that says beforehand that it is too large is refused before anything is given up for it.
 */
export function storeWork({ host, signal, foresee }: Fetching, did: string): Work {
  return {
    signal,
    report({ phase, totalBytes }) {
      if (phase === 'receiving' && totalBytes !== undefined) foresee(did, totalBytes)
    },
    onWait: () => {},
    check() {
      if (signal.aborted) throw new SyncError('sync.cancelled')
    },
    exclusively: (did, run) => exclusively(host.storage, did, run, signal),
  }
}

/** Where a repo may be pulled from beside its PDS. */
export interface Source {
  readonly peer: string
  /** relays through which the peer said it is reached */
  readonly relays: readonly string[]
}

/**
 * Fetches a repo from its PDS, else from the peer that asked for it, and proves it. A first fetch that fails
 * leaves nothing behind; an update that fails leaves the head as it was.
 */
export async function fetchRepo(fetching: Fetching, did: string, source: Source | undefined): Promise<void> {
  const work = storeWork(fetching, did)
  const { host, endpoints, pull } = fetching
  try {
    await backUp(host, endpoints, did, work).catch(async (error: unknown) => {
      if (source === undefined || pull === undefined || isFinal(error)) throw error
      await pull(host, { did, ...source }, work).catch((second: unknown) => {
        throw worthTelling(error, second)
      })
    })
  } catch (error) {
    await cleanUp(fetching, did, error)
    throw error
  }
}

/** No other source changes it: it was refused here, or the relay stops. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof StoreError ||
    error instanceof StorageError ||
    hasCode(error, 'sync.cancelled') ||
    hasCode(error, 'pds.cancelled') ||
    hasCode(error, 'pds.did-tombstoned')
  )
}

/** What a peer's bytes were refused for says more than that the PDS was away. */
function worthTelling(first: unknown, second: unknown): unknown {
  return second instanceof CairnError && !second.code.startsWith('net.') ? second : first
}

/**
 * After a failure nothing half taken in stays, unless the relay only stops: then the next start goes on with it.
 * Of a kept repo a cut-off update may wait too, but never one that was refused for its size.
 */
export async function cleanUp({ host, signal }: Fetching, did: string, error: unknown): Promise<void> {
  if (signal.aborted) return
  const kept = (await headOf(host.storage, did)) !== undefined
  if (kept && !(error instanceof StoreError)) return
  await exclusively(host.storage, did, () => discardImport(host.storage, did), signal)
}
