import type { ActivityItem, BlobItem, Job } from '../../cairn/api.ts'
import { CHOIR, FILE, JUN, MIRELA, NOW, PICTURE, ROSA } from './story-data.ts'

/** A backup half way, to be bent by a test. */
export function storyJob(more: Partial<Job> = {}): Job {
  return {
    id: 'job-1',
    kind: 'backup',
    did: JUN,
    label: 'jun.example',
    state: 'running',
    phase: 'receiving',
    startedAt: NOW,
    endedAt: undefined,
    bytes: 28_400_000,
    totalBytes: undefined,
    blocks: 99_000,
    records: 79_204,
    totalRecords: 128_000,
    rate: 11_800_000,
    timeLeft: 2,
    attempt: 0,
    nextTryAt: undefined,
    error: undefined,
    result: undefined,
    ...more,
  }
}

export const FAILED_JOB = storyJob({
  id: 'job-2',
  did: undefined,
  label: 'nobody.example',
  state: 'failed',
  phase: 'resolving',
  error: { code: 'pds.handle-unresolved', fields: { handle: 'nobody.example' }, retriable: false },
})

export const ACTIVITY: readonly ActivityItem[] = [
  {
    id: '5',
    at: NOW - 120_000,
    did: MIRELA,
    kind: 'backup.done',
    fields: { added: 14, updated: 2, deleted: 1 },
    level: 'good',
  },
  {
    id: '4',
    at: NOW - 4_000_000,
    did: ROSA,
    kind: 'backup.failed',
    fields: { code: 'pds.account-deleted', host: 'pds.example.org' },
    level: 'bad',
  },
  {
    id: '3',
    at: NOW - 5_000_000,
    did: undefined,
    kind: 'file.failed',
    fields: { label: 'old.car', code: 'repo.bad-signature' },
    level: 'bad',
  },
  {
    id: '2',
    at: NOW - 90_000_000,
    did: CHOIR,
    kind: 'verify.done',
    fields: { records: 2_904 },
    level: 'good',
  },
  { id: '1', at: NOW - 91_000_000, did: CHOIR, kind: 'something.new', fields: {}, level: 'info' },
]

export const storyBlob = (index: number): BlobItem => ({
  cid:
    index % 3 === 0
      ? `${PICTURE.slice(0, -3)}${String(index).padStart(3, 'a')}`
      : `${FILE.slice(0, -3)}${String(index).padStart(3, 'a')}`,
  state: index === 4 ? 'missing' : index === 5 ? 'failed' : index === 7 ? 'skipped' : 'kept',
  bytes: index === 4 ? undefined : 120_000 + index * 7_919,
  declaredType: index % 3 === 0 ? 'image/png' : index % 3 === 1 ? 'image/svg+xml' : 'video/mp4',
  imageType: index % 3 === 0 ? 'image/png' : undefined,
  paths:
    index % 2 === 0
      ? ['app.bsky.feed.post/3m4oj5ak2s']
      : ['app.bsky.feed.post/3m4oj5ak2s', 'app.bsky.actor.profile/self'],
})
