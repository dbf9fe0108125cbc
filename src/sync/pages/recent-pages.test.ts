import { describe, expect, it } from 'vitest'
import { createRecentPages, type SentPage } from './recent-pages.ts'

const pageOf = (length: number): SentPage => ({
  root: 'root',
  bytes: new Uint8Array(length),
  last: undefined,
  end: true,
  records: 1,
})

/** Pages of ten bytes each, and which were made. */
function counting(room: number) {
  const recent = createRecentPages(room)
  const made: string[] = []
  return {
    made,
    take: (name: string, make: () => Promise<SentPage> = async () => pageOf(10)) =>
      recent.of(name, () => {
        made.push(name)
        return make()
      }),
  }
}

describe('recent pages', () => {
  it('are made once for all who ask while they are made, and after', async () => {
    const { made, take } = counting(100)
    const both = await Promise.all([take('a'), take('a')])
    expect(both[0]).toBe(both[1])
    expect(await take('a')).toBe(both[0])
    expect(made).toEqual(['a'])
  })

  it('go in the order in which they were last asked for, when there is no more room', async () => {
    const { made, take } = counting(25)
    for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) await take(name)
    expect(made).toEqual(['a', 'b', 'c', 'b'])
  })

  it('that are being made take no room, and do not go', async () => {
    const { made, take } = counting(10)
    const { promise, resolve } = Promise.withResolvers<SentPage>()
    const slow = take('slow', () => promise)
    for (const name of ['a', 'b', 'c']) await take(name)
    resolve(pageOf(10))
    expect(await take('slow')).toBe(await slow)
    expect(made).toEqual(['slow', 'a', 'b', 'c'])
    await take('c')
    expect(made).toEqual(['slow', 'a', 'b', 'c', 'c'])
  })

  it('that could not be made are made anew, and heard of by all who waited', async () => {
    const { made, take } = counting(100)
    const failing = () => Promise.reject(new RangeError('gone'))
    const all = await Promise.allSettled([take('a', failing), take('a', failing)])
    expect(all.map((it) => it.status)).toEqual(['rejected', 'rejected'])
    expect((await take('a')).bytes).toHaveLength(10)
    expect(made).toEqual(['a', 'a'])
  })

  it('are only so many, however short: anyone may ask for what lies past the end', async () => {
    const { made, take } = counting(10_000)
    const names = Array.from({ length: 2000 }, (_, i) => `past the end ${i}`)
    for (const name of names) await take(name, async () => pageOf(0))
    made.length = 0
    for (const name of names) await take(name, async () => pageOf(0))
    expect(made).toHaveLength(names.length)
  })
})
