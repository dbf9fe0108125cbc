import type { Job } from '../../cairn/api.ts'
import { collectionName } from '../lib/collections.ts'
import { plural } from '../lib/format.ts'
import { jobProgress, jobStatus } from '../lib/repo-status.ts'
import { wordsFor } from '../words.ts'

/**
 * What is said aloud of a job as it stands; undefined for work that nobody has asked for and nobody waits
 * for (indexing, sweeping).
 */
export function announcement(job: Job): string | undefined {
  if (job.kind === 'index' || job.kind === 'sweep') return undefined
  const name = job.kind === 'collection' ? collectionName(job.label) : job.label
  switch (job.state) {
    case 'done':
      return `${name}: ${outcome(job)}`
    case 'failed':
      return `${name}: ${wordsFor(job.error?.code ?? '', job.error?.fields ?? {}).title}`
    case 'cancelled':
      return `${name}: stopped.`
    default: {
      const progress = jobProgress(job)
      return `${name}: ${jobStatus(job).short}${progress === '' ? '' : `, ${progress}`}.`
    }
  }
}

function outcome(job: Job): string {
  switch (job.kind) {
    case 'verify':
      return `checked again, sound. ${plural(job.records, 'record')} proven.`
    case 'blobs':
      // It counts what it asked for; what of that could not be had is no record of the job.
      return job.records === 0
        ? 'done, no blob was left to fetch.'
        : `done, ${plural(job.records, 'blob')} asked for. The list of blobs shows any that did not come.`
    case 'file':
    case 'peer':
    case 'backup': {
      const { result } = job
      if (result === undefined) return 'done.'
      if (!result.changed)
        return job.kind === 'file' ? 'read and proven, nothing in it is new.' : 'done, nothing had changed.'
      return `done. ${plural(result.added, 'record')} added, ${result.updated} changed, ${result.deleted} deleted.`
    }
    default:
      return 'done.'
  }
}
