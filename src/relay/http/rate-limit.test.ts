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
})
