import type { BlobCounts, Job, RepoSummary, UpstreamStatus } from '../../cairn/api.ts'
import { formatBytes, formatDay, formatDuration, formatNumber, plural, shorten } from './format.ts'

export type Tone = 'good' | 'behind' | 'bad' | 'quiet'

export interface Status {
  readonly tone: Tone
  /** a few words, for the pill */
  readonly short: string
  /** a sentence without its last full stop; undefined: say when it was verified */
  readonly long: string | undefined
}

/** Pill classes by tone; good is the pill's own colour. */
export const TONE_CLASS: Readonly<Record<Tone, string>> = {
  good: 'pill',
  behind: 'pill behind',
  bad: 'pill bad',
  quiet: 'pill quiet',
}

const GONE: Readonly<Partial<Record<UpstreamStatus, string>>> = {
  takendown: 'taken down by its server',
  suspended: 'suspended by its server',
  deleted: 'deleted from its server',
  'not-found': 'gone from its server',
}

/** Blobs that records name, that are wanted, and that nobody said they have not: to be fetched still, or refused. */
const blobsToCome = ({ referenced, kept, missing, skipped }: BlobCounts): number =>
  Math.max(0, referenced - kept - missing - skipped)

/** How many of a repo's blobs are here, and what is so of the others: a sentence. */
export function blobsSentence(blobs: BlobCounts): string {
  const { referenced, kept, missing, skipped } = blobs
  if (referenced === 0) return 'No record refers to one.'
  if (kept === referenced) return `All ${formatNumber(kept)} are kept and match their hashes.`
  const others = [
    [blobsToCome(blobs), 'not here'],
    [missing, 'missing'],
    [skipped, 'skipped'],
  ] as const
  const told = others.flatMap(([count, words]) => (count > 0 ? [`${formatNumber(count)} ${words}`] : []))
  return `${formatNumber(kept)} of ${formatNumber(referenced)} are kept; ${told.join(', ')}.`
}

/** What a person most needs to know about a kept repo, worst first. */
export function repoStatus(repo: RepoSummary): Status {
  if (repo.head === undefined) {
    return repo.unfinished === undefined
      ? { tone: 'quiet', short: 'not kept yet', long: 'the first backup has not ended' }
      : {
          tone: 'behind',
          short: 'cut off',
          long: `${formatBytes(repo.unfinished.bytes)} arrived and are kept; it can go on from there`,
        }
  }
  const gone = GONE[repo.upstream.status]
  if (gone !== undefined) {
    const whole = repo.blobs.kept === repo.blobs.referenced ? 'this copy is complete' : 'every record is kept'
    return { tone: 'bad', short: gone, long: `${whole}, ${formatDay(repo.head.takenAt)}` }
  }
  if (repo.head.signature === 'unchecked') {
    return { tone: 'behind', short: 'author not proven', long: 'the tree is sound; no key was at hand' }
  }
  if (repo.unfinished !== undefined) {
    return { tone: 'behind', short: 'update cut off', long: 'the last complete backup is shown' }
  }
  if (repo.upstream.status === 'deactivated') {
    return {
      tone: 'behind',
      short: 'deactivated by its owner',
      long: `this copy stays, ${formatDay(repo.head.takenAt)}`,
    }
  }
  if (repo.upstream.status === 'unreachable') {
    return {
      tone: 'behind',
      short: 'server does not answer',
      long: `this copy is from ${formatDay(repo.head.takenAt)}`,
    }
  }
  if (repo.blobs.missing > 0) {
    return {
      tone: 'behind',
      short: `${plural(repo.blobs.missing, 'blob')} missing`,
      long: 'every record is kept',
    }
  }
  const toCome = blobsToCome(repo.blobs)
  const long = toCome === 0 ? undefined : `${plural(toCome, 'blob')} ${toCome === 1 ? 'is' : 'are'} not here`
  return { tone: 'good', short: 'Saved on this device', long }
}

export const UPSTREAM_SENTENCE: Readonly<Record<UpstreamStatus, string>> = {
  active: 'The account is active.',
  deactivated: 'The account was deactivated by its owner. Its copy stays here.',
  takendown: 'The account was taken down by its server. Its copy stays here.',
  suspended: 'The account is suspended by its server. Its copy stays here.',
  deleted: 'The account was deleted from its server. Its copy stays here.',
  'not-found': 'The server no longer knows this account. Its copy stays here.',
  unreachable: 'The server did not answer when last asked. The account may be well.',
  unknown: 'The account’s server was not asked yet.',
}

const DOING: Readonly<Record<Job['phase'], string>> = {
  resolving: 'finding the account',
  connecting: 'asking its server',
  receiving: 'every record is checked as it arrives',
  proving: 'proving the tree against the signature',
  saving: 'writing the last of it to disk',
  blobs: 'fetching blobs, each checked by its hash',
  checking: 'reading everything again and proving it',
  waiting: 'waiting for its turn',
}

const KINDS: Readonly<Record<Job['kind'], string>> = {
  backup: 'backing up',
  file: 'opening',
  peer: 'copying from a peer',
  collection: 'copying a part',
  blobs: 'fetching blobs',
  verify: 'checking',
  index: 'indexing',
  sweep: 'tidying',
}

/** The pill and the sentence beside a running job. */
export function jobStatus(job: Job): Status {
  if (job.state === 'queued')
    return { tone: 'quiet', short: 'waiting', long: 'it starts when the one before it is done' }
  if (job.state === 'retrying')
    return { tone: 'behind', short: 'trying again', long: `attempt ${job.attempt + 1}; what arrived is kept` }
  return { tone: 'quiet', short: KINDS[job.kind], long: DOING[job.phase] }
}

/** 0 to 1, by whichever of records and bytes has a known end; undefined when neither has. */
export function jobShare(job: Job): number | undefined {
  const share = (done: number, total: number | undefined) =>
    total === undefined || total <= 0 ? undefined : Math.min(1, done / total)
  return share(job.bytes, job.totalBytes) ?? share(job.records, job.totalRecords)
}

/** "79,204 of about 128,000 records, 28.4 MB, 11.8 MB/s, 2 s left". */
export function jobProgress(job: Job): string {
  const parts: string[] = []
  if (job.records > 0 || job.totalRecords !== undefined) {
    parts.push(
      job.totalRecords === undefined || job.totalRecords < job.records
        ? plural(job.records, 'record')
        : `${formatNumber(job.records)} of about ${formatNumber(job.totalRecords)} records`,
    )
  }
  if (job.bytes > 0)
    parts.push(
      job.totalBytes === undefined
        ? formatBytes(job.bytes)
        : `${formatBytes(job.bytes)} of ${formatBytes(job.totalBytes)}`,
    )
  if (job.state === 'running' && job.rate > 0) parts.push(`${formatBytes(job.rate)}/s`)
  if (job.state === 'running' && job.timeLeft !== undefined)
    parts.push(`${formatDuration(job.timeLeft)} left`)
  return parts.join(', ')
}

/** The name a person knows a repo by, best first. */
export function repoName(repo: Pick<RepoSummary, 'displayName' | 'handle' | 'label' | 'did'>): string {
  const shown = repo.displayName?.trim()
  if (shown !== undefined && shown !== '') return shown
  if (repo.handle !== undefined) return `@${repo.handle}`
  return repo.label === undefined || repo.label === repo.did ? shorten(repo.did) : repo.label
}
