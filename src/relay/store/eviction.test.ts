import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Candidate, chooseEvicted, LIVED_FOR } from './eviction.ts'

const NOW = 10 * LIVED_FOR

const candidate = (did: string, change: Partial<Candidate> = {}): Candidate => ({
  did,
  bytes: 10,
  askedAt: NOW,
  byOperator: false,
  busy: false,
  ...change,
})
const chosen = (list: readonly Candidate[], bytes: number, forOperator = false): string[] =>
  chooseEvicted(list, { bytes, now: NOW, forOperator }).map((it) => it.did)

describe('what a full store gives up', () => {
  const list = [
    candidate('live-new'),
    candidate('live-old', { askedAt: NOW - LIVED_FOR }),
    candidate('lapsed-new', { askedAt: NOW - LIVED_FOR - 1 }),
    candidate('lapsed-old', { askedAt: 1 }),
    candidate('nobody', { askedAt: undefined }),
    candidate('operator', { askedAt: 0, byOperator: true }),
    candidate('busy', { askedAt: 0, busy: true }),
  ]

  it('is lapsed, least recently asked-for first', () => {
    expect(chosen(list, 5)).toEqual(['nobody'])
    expect(chosen(list, 25)).toEqual(['nobody', 'lapsed-old', 'lapsed-new'])
  })

  it('is what peers live for only when the operator asks', () => {
    expect(chosen(list, 31)).toEqual([])
    expect(chosen(list, 31, true)).toEqual(['nobody', 'lapsed-old', 'lapsed-new', 'live-old'])
  })

  it('is spaces only after repos of the same kind', () => {
    const space = (name: string, askedAt: number): Candidate =>
      candidate(`at://x/space/t/${name}`, { askedAt })
    const both = [
      space('lapsed', 0),
      space('live', NOW - 2),
      candidate('lapsed', { askedAt: 1 }),
      candidate('live'),
    ]
    expect(chosen(both, 5)).toEqual(['lapsed'])
    expect(chosen(both, 15)).toEqual(['lapsed', 'at://x/space/t/lapsed'])
    expect(chosen(both, 40, true)).toEqual(['lapsed', 'at://x/space/t/lapsed', 'live', 'at://x/space/t/live'])
  })

  it('is nothing when all would not be enough', () => {
    expect(chosen(list, 51, true)).toEqual([])
  })

  it('never holds what the operator asked for, what is at work, or more than is needed', () => {
    const arbitrary = fc.record({
      did: fc.string(),
      bytes: fc.nat(100),
      askedAt: fc.option(fc.nat(NOW), { nil: undefined }),
      byOperator: fc.boolean(),
      busy: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(arbitrary), fc.nat(500), fc.boolean(), (candidates, bytes, forOperator) => {
        const out = chooseEvicted(candidates, { bytes, now: NOW, forOperator })
        expect(out.some((it) => it.byOperator || it.busy)).toBe(false)
        const all = out.reduce((sum, it) => sum + it.bytes, 0)
        if (out.length > 0) expect(all).toBeGreaterThanOrEqual(bytes)
        expect(all - (out.at(-1)?.bytes ?? 0)).toBeLessThan(Math.max(1, bytes))
      }),
    )
  })
})
