import { CairnError } from '../../core/errors.ts'
import type { Copies } from '../../sync/moving/context.ts'
import { SyncError } from '../../sync/errors.ts'
import type { Job } from '../api.ts'
import type { MovingRoomParts } from './create.ts'

/** The copy that is kept here, by the jobs that everyone sees. */
export function createCopies({ library, jobs }: Pick<MovingRoomParts, 'library' | 'jobs'>): Copies {
  const ended = async (job: Job, signal: AbortSignal): Promise<Job> => {
    const cancel = (): void => void library.cancel(job.id)
    signal.addEventListener('abort', cancel, { once: true })
    try {
      if (signal.aborted) cancel()
      await jobs.ended([job.id])
    } finally {
      signal.removeEventListener('abort', cancel)
    }
    signal.throwIfAborted()
    const last = jobs.list().find(({ id }) => id === job.id)
    // another tab has it in hand
    if (last?.endedAt === undefined) throw new SyncError('sync.busy', { did: job.did })
    return last
  }

  const fetchBlobs = async (did: string, signal: AbortSignal): Promise<void> => {
    // What could not be had is in the rows of the blobs, where it is counted.
    await ended(await library.fetchBlobs(did), signal)
  }

  return {
    async update(did, signal) {
      const { state, error } = await ended(await library.backup(did), signal)
      if (state !== 'done') throw new CairnError(error?.code ?? 'sync.cancelled', { ...error?.fields })
      await fetchBlobs(did, signal)
    },
    blobs: fetchBlobs,
  }
}
