import { afterEach, describe, expect, it, vi } from 'vitest'
import { leave, open, see, text } from './testing/on-screen.tsx'
import { REPOS } from './testing/story-data.ts'

afterEach(() => {
  leave()
  vi.restoreAllMocks()
})

describe('what comes while a screen is open', () => {
  it('has just happened, however long ago the time was last told', async () => {
    const [first] = REPOS
    if (first?.head === undefined) throw new Error('the first one is kept')
    const head = { ...first.head, verifiedAt: Date.now() - 3 * 60 * 60_000 }
    const repo = { ...first, head, blobs: { ...first.blobs, referenced: 0, kept: 0, missing: 0 } }
    const repos = [repo]
    const story = open('/', { repos, jobs: [] })
    await see(/verified 3 hours ago/)
    const later = Date.now() + 20_000
    vi.spyOn(Date, 'now').mockImplementation(() => later)
    repos[0] = { ...repo, head: { ...head, verifiedAt: later } }
    story.emit({ type: 'repo', did: repo.did })
    await see(/verified just now/)
    expect(text()).not.toMatch(/in a moment/)
  })

  it('shows a picture that is there only after its record', async () => {
    const repo = REPOS.find(({ avatar }) => avatar !== undefined)
    if (repo === undefined) throw new Error('one has a picture')
    const story = open('/', { repos: [repo], jobs: [] })
    const kept = story.cairn.library.blob
    let asked = 0
    Object.assign(story.cairn.library, {
      blob: async () => {
        asked += 1
        throw new Error('not kept yet')
      },
    })
    await expect.poll(() => asked).toBe(1)
    expect(document.querySelector('main .ava img')).toBeNull()
    Object.assign(story.cairn.library, { blob: kept })
    story.emit({ type: 'repo', did: repo.did })
    await expect.poll(() => document.querySelector('main .ava img')).not.toBeNull()
  })
})
