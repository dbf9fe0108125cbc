import { expect, it } from 'vitest'
import { headOf } from '../kept.ts'
import { withEngine } from '../peers/testing/engine-kit.ts'
import { nextTask } from '../../storage/next-task.ts'
import { sentListOf } from './sent-list.ts'
import { makeAhead, newsOfHead } from './news-of-head.ts'

it('what leads to a head is made once, in a turn of its own or for the first who asks', () =>
  withEngine(async ({ a, b, alice }) => {
    const [before, head] = await Promise.all([headOf(b.storage, alice.did), headOf(a.storage, alice.did)])
    if (before === undefined || head === undefined) throw new Error('no heads')
    let made = 0
    const session = {
      news: () => {
        made++
        return [{ path: 'app.bsky.feed.like/a', record: undefined }]
      },
    }
    const heads = { sha256: a.host.sha256, before, head }
    const asked = newsOfHead(session, heads)
    expect(asked(sentListOf)).toEqual({ after: before.commitCid, pack: expect.any(Uint8Array) as Uint8Array })
    expect(asked(sentListOf)).toBe(asked(sentListOf))
    expect(made).toBe(1)

    const ahead = newsOfHead(session, heads)
    const turn = makeAhead(ahead)
    expect(made).toBe(1)
    await turn
    expect(made).toBe(2)
    ahead(sentListOf)
    expect(made).toBe(2)
    expect(newsOfHead(session, { ...heads, before: undefined })(sentListOf)).toBeUndefined()
  }))

it('what fails to be made ahead fails for whoever asks', async () => {
  const broken = (): never => {
    throw new RangeError('no room')
  }
  await makeAhead(broken)
  await nextTask()
  expect(broken).toThrow(RangeError)
})
