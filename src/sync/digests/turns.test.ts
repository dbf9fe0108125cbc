import { describe, expect, it } from 'vitest'
import { createTestTimers } from '../testing/timers.ts'
import { createTurns } from './turns.ts'

interface Asked {
  readonly peer: string
  readonly dids: readonly string[]
  readonly answer: PromiseWithResolvers<void>
}

function createKit() {
  const timers = createTestTimers()
  const asked: Asked[] = []
  const turns = createTurns<{ readonly peer: string; readonly at?: string }>({
    timers,
    random: () => 0.6,
    ask({ peer }, dids) {
      const answer = Promise.withResolvers<void>()
      asked.push({ peer, dids, answer })
      return answer.promise
    },
    isWorthAgain: (_, error) => error instanceof Error && error.message === 'busy',
  })
  const next = async (i: number): Promise<Asked> => {
    let found = asked[i]
    while (found === undefined) {
      await new Promise((resolve) => setImmediate(resolve))
      found = asked[i]
    }
    return found
  }
  return { turns, asked, timers, next }
}
const [a, b] = [{ peer: 'a' }, { peer: 'b' }]

describe('turns', () => {
  it('make one question of all that comes while another is answered', async () => {
    const { turns, asked, next } = createKit()
    const first = turns.take(a, ['1'])
    expect(asked).toMatchObject([{ peer: 'a', dids: ['1'] }])
    const rest = Array.from({ length: 50 }, (_, i) => turns.take(a, [String(i % 3)]))
    const other = turns.take(b, ['9'])
    expect(asked).toMatchObject([{ dids: ['1'] }, { peer: 'b', dids: ['9'] }])
    ;(await next(1)).answer.resolve()
    ;(await next(0)).answer.resolve()
    await Promise.all([first, other])
    ;(await next(2)).answer.resolve()
    await Promise.all(rest)
    await turns.idle()
    expect(asked.map((it) => it.dids)).toEqual([['1'], ['9'], ['0', '1', '2']])
  })

  it('fail for whoever waits for them, and not for the next', async () => {
    const { turns, next, timers, asked } = createKit()
    const first = turns.take(a, ['1'])
    const second = turns.take(a, ['2'])
    ;(await next(0)).answer.reject(new Error('no'))
    await expect(first).rejects.toThrow('no')
    ;(await next(1)).answer.resolve()
    await second
    await turns.idle()
    expect(timers.slept).toEqual([])
    expect(asked).toHaveLength(2)
  })

  it('ask a busy peer again after pauses that grow, and not for ever', async () => {
    const { turns, next, timers, asked } = createKit()
    const first = turns.take(a, ['1'])
    ;(await next(0)).answer.reject(new Error('busy'))
    await expect(first).rejects.toThrow('busy')
    for (let i = 1; i <= 6; i++) (await next(i)).answer.reject(new Error('busy'))
    await turns.idle()
    expect(timers.slept).toEqual([800, 1600, 3200, 6400, 12_800, 25_600])
    expect(asked).toHaveLength(7)
    // A new word of it is a new beginning.
    const again = turns.take(a, ['2'])
    ;(await next(7)).answer.reject(new Error('busy'))
    await expect(again).rejects.toThrow('busy')
    const last = await next(8)
    expect(last.dids).toEqual(['2'])
    last.answer.resolve()
    await turns.idle()
    expect(timers.slept.at(-1)).toBe(800)
  })

  it('ask with the next word for what a busy peer did not answer', async () => {
    const { turns, next, timers, asked } = createKit()
    const first = turns.take(a, ['1'])
    const second = turns.take(a, ['2'])
    ;(await next(0)).answer.reject(new Error('busy'))
    await expect(first).rejects.toThrow('busy')
    const both = await next(1)
    expect(both.dids).toEqual(['1', '2'])
    both.answer.resolve()
    await second
    await turns.idle()
    expect(timers.slept).toEqual([])
    expect(asked).toHaveLength(2)
  })

  it('ask nobody any more when they are closed', async () => {
    const { turns, next, timers, asked } = createKit()
    const first = turns.take(a, ['1'])
    const late = turns.take(b, ['1'])
    ;(await next(0)).answer.reject(new Error('busy'))
    await expect(first).rejects.toThrow('busy')
    turns.close()
    ;(await next(1)).answer.reject(new Error('busy'))
    await expect(late).rejects.toThrow('busy')
    await turns.idle()
    await new Promise((resolve) => setImmediate(resolve))
    expect(timers.slept).toEqual([])
    expect(asked).toHaveLength(2)
  })
})
