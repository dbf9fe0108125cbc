import { CairnError } from '../../core/errors.ts'
import { PdsError, type PdsErrorCode } from '../../pds/errors.ts'
import { SyncError } from '../../sync/errors.ts'
import type { Job } from '../model.ts'
import type { Jobs } from '../jobs.ts'

/**
 * Backs a repo up in a job that begins now: one that runs already may have asked the server before our write.
 * Throws why it failed.
 */
export const backUpNow =
  (jobs: Jobs, start: (did: string) => Job) =>
  async (did: string): Promise<void> => {
    const running = jobs
      .list()
      .filter((it) => it.did === did && it.kind === 'backup' && it.endedAt === undefined)
    await jobs.ended(running.map(({ id }) => id))
    const { id } = start(did)
    await jobs.ended([id])
    const ended = jobs.list().find((it) => it.id === id)
    if (ended?.state === 'cancelled') throw new SyncError('sync.cancelled')
    if (ended?.error !== undefined && ended.state === 'failed') throw errorOf(ended.error)
  }

function errorOf({ code, fields }: NonNullable<Job['error']>): CairnError {
  // a job keeps of an error its code and fields, which for this room are all there is to it
  return code.startsWith('pds.')
    ? new PdsError(code as PdsErrorCode, { ...fields })
    : new CairnError(code, { ...fields })
}
