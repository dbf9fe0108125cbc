import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareRev, formatTid, isTid, MAX_CLOCK_ID, parseTid } from './tid.ts'

describe('TID', () => {
  it('goes to parts and back, and sorts as time does', () => {
    const part = fc.tuple(fc.maxSafeNat(), fc.integer({ min: 0, max: MAX_CLOCK_ID }))
    fc.assert(
      fc.property(part, part, ([micros, clockId], [otherMicros, otherClock]) => {
        const text = formatTid(micros, clockId)
        expect(parseTid(text)).toEqual({ micros, clockId })
        const order = micros - otherMicros || clockId - otherClock
        expect(compareRev(text, formatTid(otherMicros, otherClock))).toBe(Math.sign(order))
      }),
    )
  })

  it('reads known ones', () => {
    expect(parseTid('2222222222222')).toEqual({ micros: 0, clockId: 0 })
    // The example of the TID spec.
    const tid = parseTid('3jzfcijpj2z2a')
    expect(new Date((tid?.micros ?? 0) / 1000).toISOString()).toMatch(/^2023-06-/)
    expect(formatTid(tid?.micros ?? 0, tid?.clockId ?? 0)).toBe('3jzfcijpj2z2a')
  })

  it('takes the full width and refuses a high bit', () => {
    expect(isTid('jzzzzzzzzzzzz')).toBe(true)
    expect(isTid('k222222222222')).toBe(false)
    expect(parseTid('k222222222222')).toBeUndefined()
    expect(isTid('2222222222222\n')).toBe(false)
  })

  it('formats nothing out of range', () => {
    for (const [micros, clock] of [
      [-1, 0],
      [2 ** 53, 0],
      [0.5, 0],
      [0, 1024],
      [0, -1],
      [0, 0.5],
    ] as const) {
      expect(() => formatTid(micros, clock)).toThrow(RangeError)
    }
  })
})
