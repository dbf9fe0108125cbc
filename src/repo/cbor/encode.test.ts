import { encode } from '@atcute/cbor'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../core/bytes.ts'
import { RepoError } from '../errors.ts'
import { MAX_DEPTH } from './check.ts'
import { encodeDagCbor } from './encode.ts'

const cid = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'

describe('encodeDagCbor', () => {
  it('makes the same bytes as the library, where that can', () => {
    const plainKey = fc
      .string({ unit: 'grapheme', maxLength: 8 })
      .filter((key) => !(key in {}) && !key.startsWith('$'))
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, false, { $link: cid }, { $bytes: 'AQID' }),
        fc.maxSafeInteger(),
        fc.string({ unit: 'grapheme', maxLength: 400 }),
        fc.array(tie('any'), { maxLength: 30 }),
        fc.dictionary(plainKey, tie('any'), { maxKeys: 30, noNullPrototype: true }),
      ),
    })).any
    fc.assert(
      fc.property(value, (input) => {
        expect(toHex(encodeDagCbor(input))).toBe(toHex(encode(input)))
      }),
    )
  })

  it.each([
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [65_536, '1a00010000'],
    [4_294_967_296, '1b0000000100000000'],
    [Number.MAX_SAFE_INTEGER, '1b001fffffffffffff'],
    [-1, '20'],
    [Number.MIN_SAFE_INTEGER, '3b001ffffffffffffe'],
    [-0, '00'],
  ])('writes %d as %s', (value, expected) => {
    expect(toHex(encodeDagCbor(value))).toBe(expected)
  })

  it('takes byte arrays, and base64 with padding or without', () => {
    for (const value of [Uint8Array.of(1), { $bytes: 'AQ' }, { $bytes: 'AQ==' }]) {
      expect(toHex(encodeDagCbor(value))).toBe('4101')
    }
  })

  it.each([
    ['a float', 1.5],
    ['NaN', Number.NaN],
    ['an integer too large', 2 ** 53],
    ['a bigint', 1n],
    ['undefined', { a: undefined }],
    ['a function', { a: () => 1 }],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['a hole', Array.from({ length: 1 })],
    ['a link with company', { $link: cid, other: 1 }],
    ['a link that is none', { $link: '.' }],
    ['a link of another type', { $link: 1234 }],
    ['bytes with company', { $bytes: 'AQID', other: 1 }],
    ['bytes that are no base64', { $bytes: 'A' }],
    ['bytes of another type', { $bytes: [1, 2, 3] }],
  ])('refuses %s', (_name, value) => {
    expect(() => encodeDagCbor(value)).toThrow(RepoError)
  })

  it('nests as deep as the check allows and no deeper', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])
    expect(encodeDagCbor(nested(MAX_DEPTH))).toHaveLength(MAX_DEPTH + 1)
    expect(() => encodeDagCbor(nested(MAX_DEPTH + 1))).toThrow(RepoError)
    const ring: unknown[] = []
    ring.push(ring)
    expect(() => encodeDagCbor(ring)).toThrow(RepoError)
  })
})
