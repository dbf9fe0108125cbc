import { describe, expect, it } from 'vitest'
import type { PageAnswer } from './client.ts'
import { createPagesAhead } from './pages-ahead.ts'

const page = (last: number, end = false): PageAnswer => ({
  root: 'root',
  last: String(last),
  end,
  records: 1,
  bare: true,
  bytes: Promise.resolve(new Uint8Array()),
})

describe('pages that are asked for ahead', () => {
  it('are asked for as soon as the head before them is here, and given in order', async () => {
    const asked: string[] = []
    const answers = new Map<string, (answer: PageAnswer) => void>()
    const ahead = createPagesAhead((after = '') => {
      asked.push(after)
      return new Promise((resolve) => void answers.set(after, resolve))
    })
    const settled = () => new Promise(setImmediate)
    expect(ahead.next()).toBeUndefined()
    ahead.fill(page(0), 2)
    await settled()
    expect(asked).toEqual(['0'])
    // Its head is here, though nobody has come to it yet.
    answers.get('0')?.(page(1))
    await settled()
    expect(asked).toEqual(['0', '1'])
    answers.get('1')?.(page(2))
    await settled()
    expect(asked).toEqual(['0', '1'])
    const first = await ahead.next()
    expect(first?.last).toBe('1')
    ahead.fill(first ?? page(0), 2)
    await settled()
    expect(asked).toEqual(['0', '1', '2'])
    answers.get('2')?.(page(3, true))
    const second = await ahead.next()
    ahead.fill(second ?? page(0), 2)
    const third = await ahead.next()
    expect([second?.last, third?.last]).toEqual(['2', '3'])
    ahead.fill(third ?? page(0), 2)
    // After the end nothing is asked for.
    expect(ahead.next()).toBeUndefined()
    expect(asked).toEqual(['0', '1', '2'])
  })

  it('are forgotten where they are of no use, and fail whoever comes to them', async () => {
    const ahead = createPagesAhead(async () => {
      throw new Error('gone')
    })
    ahead.fill(page(0), 2)
    ahead.drop()
    expect(ahead.next()).toBeUndefined()
    ahead.fill(page(0), 2)
    await expect(ahead.next()).rejects.toThrow('gone')
    await expect(ahead.next()).rejects.toThrow('gone')
  })
})
