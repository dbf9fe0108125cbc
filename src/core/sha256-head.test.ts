import { hash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256Head } from './sha256-head.ts'

const expected = (bytes: Uint8Array): number => hash('sha256', bytes, 'buffer').readInt32BE(0)

describe('the first word of SHA-256', () => {
  it('is that of the whole hash at every length around the block edges', () => {
    for (let length = 0; length <= 200; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 0xff)
      expect(sha256Head(bytes, 0, length)).toBe(expected(bytes))
    }
  })

  it('is that of any range of any bytes', () => {
    const ranged = fc.tuple(fc.uint8Array({ maxLength: 400 }), fc.nat(400), fc.nat(400))
    fc.assert(
      fc.property(ranged, ([bytes, a, b]) => {
        const from = Math.min(a, b, bytes.length)
        const to = Math.min(Math.max(a, b), bytes.length)
        expect(sha256Head(bytes, from, to)).toBe(expected(bytes.subarray(from, to)))
      }),
    )
  })
})
