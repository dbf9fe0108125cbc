import type { Job, PartialCopy } from '../../cairn/api.ts'
import { collectionName } from './collections.ts'
import { shorten } from './format.ts'
import { isActive, useJobs } from './jobs.ts'
import { useLive, type Live } from './live.ts'
import { jobStatus, type Status } from './repo-status.ts'

/** Single collections that are kept without the rest of their repos, as screens show them. */

export function usePartials(): Live<readonly PartialCopy[]> {
  return useLive(
    'partials',
    (cairn) => cairn.library.partials(),
    (event) => event.type === 'repos' || event.type === 'repo',
  )
}

/** What names a part: whose it is, and which collection. */
export type PartName = Pick<PartialCopy, 'did' | 'collection'> & Partial<Pick<PartialCopy, 'handle'>>

export const partKey = ({ did, collection }: PartName): string => `${did} ${collection}`

/** Whose it is: the handle when it is known, else the DID, shortened. */
export function partOwner({ did, handle }: Pick<PartName, 'did' | 'handle'>): string {
  return handle === undefined ? shorten(did) : `@${handle}`
}

/** "Posts of @mirela.garden". */
export function partTitle(part: PartName): string {
  return `${collectionName(part.collection)} of ${partOwner(part)}`
}

/** What a job fetches, when it fetches a part. */
export function partOfJob(job: Job): PartName | undefined {
  return job.kind === 'collection' && job.did !== undefined
    ? { did: job.did, collection: job.label }
    : undefined
}

export interface PartJobs {
  /** at work on it now */
  readonly active: Job | undefined
  /** the newest, when it failed */
  readonly failed: Job | undefined
}

export function usePartJobs(part: PartName): PartJobs {
  const key = partKey(part)
  const newest = useJobs().find((job) => {
    const of = partOfJob(job)
    return of !== undefined && partKey(of) === key
  })
  return {
    active: newest !== undefined && isActive(newest) ? newest : undefined,
    failed: newest?.state === 'failed' ? newest : undefined,
  }
}

/** What a person most needs to know about a part; `part` is undefined before anything of it has come. */
export function partStatus(part: PartialCopy | undefined, job: Job | undefined): Status {
  if (job !== undefined) return jobStatus(job)
  if (part === undefined) return { tone: 'quiet', short: 'not kept yet', long: 'nothing of it has come' }
  if (!part.whole)
    return { tone: 'behind', short: 'cut off', long: 'what arrived is kept; it can go on from there' }
  if (part.signature === 'unchecked')
    return { tone: 'behind', short: 'author not proven', long: 'no key was at hand' }
  return { tone: 'good', short: 'proven', long: undefined }
}
