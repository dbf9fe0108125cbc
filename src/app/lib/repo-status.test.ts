import { describe, expect, it } from 'vitest'
import type { RepoSummary } from '../../cairn/api.ts'
import { REPOS } from '../testing/story-data.ts'
import { blobsSentence, repoStatus } from './repo-status.ts'

const some = (blobs: Partial<RepoSummary['blobs']>) => ({
  ...{ referenced: 0, kept: 0, keptBytes: 0, missing: 0, skipped: 0 },
  ...blobs,
})
const withBlobs = (blobs: Partial<RepoSummary['blobs']>, status: RepoSummary['upstream']['status']) => {
  const [repo] = REPOS
  if (repo === undefined) throw new Error('there are repos')
  return repoStatus({ ...repo, blobs: some(blobs), upstream: { ...repo.upstream, status } })
}

describe('blobs that were to be fetched when the page was closed', () => {
  it('are told, and do not make a copy complete', () => {
    expect(withBlobs({ referenced: 19, kept: 18 }, 'active')).toMatchObject({
      short: 'Saved on this device',
      long: '1 blob is not here',
    })
    expect(withBlobs({ referenced: 19, kept: 19 }, 'active').long).toBeUndefined()
    expect(withBlobs({ referenced: 19, kept: 0 }, 'takendown').long).toMatch(/^every record is kept, /)
    expect(withBlobs({ referenced: 19, kept: 18, skipped: 1 }, 'deleted').long).toMatch(
      /^every record is kept, /,
    )
    expect(withBlobs({ referenced: 19, kept: 19 }, 'deleted').long).toMatch(/^this copy is complete, /)
  })

  it('are counted apart from what nobody has and what is not wanted', () => {
    expect(blobsSentence(some({}))).toBe('No record refers to one.')
    expect(blobsSentence(some({ referenced: 3, kept: 3 }))).toBe('All 3 are kept and match their hashes.')
    expect(blobsSentence(some({ referenced: 19, kept: 2 }))).toBe('2 of 19 are kept; 17 not here.')
    expect(blobsSentence(some({ referenced: 19, kept: 2, missing: 3, skipped: 4 }))).toBe(
      '2 of 19 are kept; 10 not here, 3 missing, 4 skipped.',
    )
  })
})
