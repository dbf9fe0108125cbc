import { describe, expect, it } from 'vitest'
import type { Job } from '../../cairn/api.ts'
import { storyJob } from '../testing/story-jobs.ts'
import { announcement } from './announce.ts'

const done = (more: Partial<Job>): string | undefined =>
  announcement(storyJob({ label: 'ana', state: 'done', ...more }))
const result = { did: 'did:plc:abc', changed: true, added: 2, updated: 1, deleted: 0 }

describe('what is said aloud of a job that has ended', () => {
  it('is what a backup or a file has brought', () => {
    expect(done({ kind: 'backup', result })).toBe('ana: done. 2 records added, 1 changed, 0 deleted.')
    expect(done({ kind: 'backup', result: { ...result, changed: false } })).toBe(
      'ana: done, nothing had changed.',
    )
    expect(done({ kind: 'file', result: { ...result, changed: false } })).toMatch(/read and proven/)
  })

  it('is that a check has found all sound', () => {
    expect(done({ kind: 'verify', records: 1_204 })).toBe('ana: checked again, sound. 1,204 records proven.')
  })

  it('is how many blobs were asked for, which need not all have come', () => {
    expect(done({ kind: 'blobs', records: 3 })).toMatch(/^ana: done, 3 blobs asked for\./)
    expect(done({ kind: 'blobs', records: 0 })).toBe('ana: done, no blob was left to fetch.')
  })

  it('names a part by its collection', () => {
    expect(done({ kind: 'collection', label: 'app.bsky.feed.post' })).toBe('Posts: done.')
  })

  it('is nothing of work that nobody waits for', () => {
    for (const kind of ['sweep', 'index'] as const)
      for (const state of ['running', 'done', 'failed'] as const)
        expect(announcement(storyJob({ kind, state }))).toBeUndefined()
  })

  it('is why it failed, or that it was stopped', () => {
    const error = { code: 'storage.segment-gone', fields: {}, retriable: false }
    expect(announcement(storyJob({ label: 'ana', kind: 'verify', state: 'failed', error }))).toMatch(
      /^ana: That part/,
    )
    expect(announcement(storyJob({ label: 'ana', state: 'cancelled' }))).toBe('ana: stopped.')
  })
})
