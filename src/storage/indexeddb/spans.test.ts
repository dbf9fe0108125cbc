import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { joinRanges, MAX_GAP, MAX_SPAN } from './spans.ts'

describe('joining ranges', () => {
  it('reads neighbours together and those far off alone', () => {
    const ranges = [
      { from: 100, to: 400 },
      { from: 900_000, to: 900_300 },
      { from: 0, to: 50 },
      { from: 400 + MAX_GAP, to: 5000 },
    ]
    expect(joinRanges(ranges)).toEqual([
      { from: 0, to: 5000, members: [2, 0, 3] },
      { from: 900_000, to: 900_300, members: [1] },
    ])
    expect(
      joinRanges([
        { from: 0, to: 1 },
        { from: 2 + MAX_GAP, to: 5000 },
      ]),
    ).toHaveLength(2)
  })

  it('covers every range, and moves no more than allowed', () => {
    const one = fc
      .tuple(fc.nat(400_000), fc.nat(80_000))
      .map(([from, length]) => ({ from, to: from + length }))
    fc.assert(
      fc.property(fc.array(one, { maxLength: 40 }), (ranges) => {
        const spans = joinRanges(ranges)
        const seen = spans.flatMap((span) => span.members).toSorted((a, b) => a - b)
        expect(seen).toEqual(
          [...ranges.keys()].filter((at) => (ranges[at]?.to ?? 0) > (ranges[at]?.from ?? 0)),
        )
        for (const { from, to, members } of spans) {
          const longest = Math.max(...members.map((at) => (ranges[at]?.to ?? 0) - (ranges[at]?.from ?? 0)))
          expect(to - from).toBeLessThanOrEqual(Math.max(longest, MAX_SPAN))
          for (const at of members) {
            expect(ranges[at]?.from).toBeGreaterThanOrEqual(from)
            expect(ranges[at]?.to).toBeLessThanOrEqual(to)
          }
        }
      }),
    )
  })
})
