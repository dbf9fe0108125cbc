import fc from 'fast-check'
import { expect, it } from 'vitest'
import { planRuns } from './runs.ts'

const place = fc.record({
  segment: fc.integer({ min: 0, max: 3 }),
  offset: fc.integer({ min: 0, max: 3_000_000 }),
  length: fc.integer({ min: 1, max: 9000 }),
})

it('reads every place once, in the order of the disk, and nothing far away from one', () => {
  fc.assert(
    fc.property(fc.array(place, { maxLength: 60 }), (places) => {
      const { runs, order } = planRuns(
        places,
        places.map((it) => it.offset),
      )
      expect(order.toSorted((a, b) => a - b)).toEqual(places.map((_, i) => i))
      let next = 0
      for (const run of runs) {
        expect(run.first).toBe(next)
        next = run.end
        let to = run.from
        for (const i of order.slice(run.first, run.end)) {
          const it = places[i] ?? { segment: -1, offset: 0, length: 0 }
          expect(it.segment).toBe(run.segment)
          expect(it.offset).toBeGreaterThanOrEqual(run.from)
          expect(it.offset + it.length).toBeLessThanOrEqual(run.to)
          expect(it.offset - to).toBeLessThan(4096)
          to = Math.max(to, it.offset + it.length)
        }
        expect(to).toBe(run.to)
      }
      expect(next).toBe(places.length)
    }),
  )
})

it('reads neighbours together', () => {
  const places = Array.from({ length: 100 }, (_, i) => ({ segment: 7, offset: i * 300, length: 290 }))
  const offsets = places.map((it) => it.offset)
  expect(planRuns(places, offsets).runs).toEqual([{ segment: 7, from: 0, to: 29_990, first: 0, end: 100 }])
  expect(planRuns(places.toReversed(), offsets.toReversed()).runs).toHaveLength(1)
})
