import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareBytes,
  concat,
  copyRange,
  equalAt,
  equalBytes,
  fromHex,
  fromUtf8Strict,
  isValidUtf8,
  toHex,
  utf8,
} from './bytes.ts'

const bytes = fc.uint8Array({ maxLength: 40 })

describe('bytes', () => {
  it('concatenates and compares as the bytes say', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const both = concat([a, b])
        expect([...both]).toEqual([...a, ...b])
        expect(equalAt(both, a.length, b, 0, b.length)).toBe(true)
        expect(equalBytes(a, b)).toBe(toHex(a) === toHex(b))
        // Hexadecimal of equal width sorts as the bytes do.
        expect(Math.sign(compareBytes(a, b))).toBe(toHex(a) < toHex(b) ? -1 : toHex(a) > toHex(b) ? 1 : 0)
      }),
    )
  })

  it('finds no equality beyond an end', () => {
    expect(equalAt(Uint8Array.of(1, 2), 1, Uint8Array.of(2), 0, 2)).toBe(false)
    expect(equalAt(Uint8Array.of(2), 0, Uint8Array.of(1, 2), 1, 2)).toBe(false)
  })

  it('goes through hexadecimal and back, and refuses what is none', () => {
    fc.assert(
      fc.property(bytes, (a) => {
        expect(fromHex(toHex(a))).toEqual(a)
      }),
    )
    expect(fromHex('AbCd')).toEqual(Uint8Array.of(0xab, 0xcd))
    for (const text of ['0', 'zz', '0x', ' 1']) expect(fromHex(text)).toBeUndefined()
  })

  it('copies a range of a Buffer instead of aliasing it', () => {
    const source = Buffer.from([1, 2, 3, 4])
    const copy = copyRange(source, 1, 3)
    source[1] = 9
    expect([...copy]).toEqual([2, 3])
  })
})

describe('UTF-8', () => {
  it('agrees with the strict TextDecoder on any bytes', () => {
    const lead = fc.constantFrom(
      0x41,
      0x7f,
      0x80,
      0xbf,
      0xc1,
      0xc2,
      0xe0,
      0xed,
      0xef,
      0xf0,
      0xf4,
      0xf5,
      0x9f,
      0xa0,
      0x8f,
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(lead, fc.integer({ min: 0, max: 255 })), { maxLength: 8 }), (list) => {
        const input = Uint8Array.from(list)
        expect(isValidUtf8(input, 0, input.length)).toBe(fromUtf8Strict(input) !== undefined)
      }),
      { numRuns: 3000 },
    )
  })

  it('takes every well-formed text, at any offset', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(5), (text, pad) => {
        const encoded = utf8(text)
        const padded = concat([new Uint8Array(pad).fill(0xff), encoded, Uint8Array.of(0xff)])
        expect(isValidUtf8(padded, pad, pad + encoded.length)).toBe(true)
        expect(fromUtf8Strict(padded, pad, pad + encoded.length)).toBe(text)
      }),
    )
  })

  it.each([
    ['overlong slash', 'c0af'],
    ['overlong in three', 'e080af'],
    ['overlong in four', 'f08080af'],
    ['first surrogate', 'eda080'],
    ['last surrogate', 'edbfbf'],
    ['above U+10FFFF', 'f4908080'],
    ['lead of five', 'f888808080'],
    ['lone continuation', '80'],
    ['cut off', 'e282'],
  ])('refuses %s', (_name, hex) => {
    const input = fromHex(hex) ?? new Uint8Array()
    expect(isValidUtf8(input, 0, input.length)).toBe(false)
  })

  it('does not look beyond the range, nor beyond the array', () => {
    const euro = utf8('€')
    expect(isValidUtf8(euro, 0, 2)).toBe(false)
    expect(isValidUtf8(euro, 0, 4)).toBe(false)
  })

  it('keeps a byte order mark', () => {
    expect(fromUtf8Strict(utf8('\ufeffa'))).toBe('\ufeffa')
  })
})
