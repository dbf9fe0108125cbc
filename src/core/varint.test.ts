import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readVarint, VARINT_BAD, VARINT_MORE, varintLength, writeVarint } from './varint.ts'

describe('varint', () => {
  it('reads what it wrote, and wants more for every prefix of it', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 52 }), (nat, shift) => {
        const value = Math.floor(nat / 2 ** shift)
        const out = new Uint8Array(12)
        const end = writeVarint(out, 2, value)
        expect(end - 2).toBe(varintLength(value))
        expect(readVarint(out, 2, end)).toBe(value)
        for (let cut = 2; cut < end; cut++) expect(readVarint(out, 2, cut)).toBe(VARINT_MORE)
      }),
    )
  })

  it.each([
    [[0], 0],
    [[0x7f], 127],
    [[0x80, 0x01], 128],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], Number.MAX_SAFE_INTEGER],
  ])('reads %j as %d', (list, value) => {
    expect(readVarint(Uint8Array.from(list), 0, list.length)).toBe(value)
  })

  it.each([
    ['zero in two bytes', [0x80, 0x00]],
    ['one in two bytes', [0x81, 0x00]],
    ['2^53', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ['nine bytes', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['without an end', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]],
  ])('refuses %s', (_name, list) => {
    expect(readVarint(Uint8Array.from(list), 0, list.length)).toBe(VARINT_BAD)
  })

  it('writes no negative, fractional or unsafe number', () => {
    for (const value of [-1, 1.5, 2 ** 53, Number.NaN]) {
      expect(() => writeVarint(new Uint8Array(16), 0, value)).toThrow(RangeError)
    }
  })
})
