import { describe, expect, it } from 'vitest'
import { createRateLimit } from './rate-limit.ts'

describe('a rate', () => {
  it('lets a burst through, then one at a time', () => {
    let now = 0
    const rate = createRateLimit(60, () => now)
    expect(Array.from({ length: 61 }, () => rate.take('a')).filter((wait) => wait === 0)).toHaveLength(60)
    expect([rate.take('a'), rate.take('b')]).toEqual([1, 0])
    now = 1000
    expect([rate.take('a'), rate.take('a')]).toEqual([0, 1])
  })

  it('stays what it was when the clock is set back', () => {
    let now = 5 * 365 * 86_400_000
    const rate = createRateLimit(60, () => now)
    rate.take('a')
    now = 0
    expect(rate.take('a')).toBe(0)
    for (let i = 0; i < 100; i++) rate.take('a')
    now = 2000
    expect(rate.take('a')).toBe(0)
  })
})
