import { expect, it } from 'vitest'
import { headOf } from '../kept.ts'
import { withEngine } from '../peers/testing/engine-kit.ts'
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

it('what could not be made ahead is made for whoever asks', () =>
  withEngine(async ({ a, b, alice }) => {
    const [before, head] = await Promise.all([headOf(b.storage, alice.did), headOf(a.storage, alice.did)])
    if (before === undefined || head === undefined) throw new Error('no heads')
    let tries = 0
    const session = {
      news() {
        if (++tries === 1) throw new RangeError('no room')
        return []
      },
    }
    const news = newsOfHead(session, { sha256: a.host.sha256, before, head })
    await makeAhead(news)
    expect(tries).toBe(1)
    expect(news(sentListOf)?.after).toBe(before.commitCid)
    expect(tries).toBe(2)
  }))
