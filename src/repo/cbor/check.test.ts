import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decode, encode } from '@atcute/cbor'
import { fromBase64 } from '@atcute/multibase'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, equalBytes, fromHex, toHex, utf8 } from '../../core/bytes.ts'
import { describeWithFixtures } from '../../core/testing/fixtures.ts'
import { toJson } from '../json.ts'
import { jsonValue } from '../testing/json-value.ts'
import {
  checkCodes,
  checkDagCbor,
  checkError,
  checkFailedAt,
  checkRecord,
  MAX_DEPTH,
  MAX_RECORD_BYTES,
} from './check.ts'
import { encodeDagCbor } from './encode.ts'

const hex = (text: string): Uint8Array => fromHex(text.replaceAll(' ', '')) ?? new Uint8Array()
const verdict = (bytes: Uint8Array): string =>
  checkCodes[checkDagCbor(bytes, 0, bytes.length)]?.reason ?? 'ok'
const LINK = `d82a 5825 00 01711220 ${'ab'.repeat(32)}`

describe('checkDagCbor', () => {
  it.each([
    ['ok', 'a0'],
    ['ok', '80'],
    ['ok', 'f6'],
    ['ok', 'f5'],
    ['ok', '17'],
    ['ok', '1818'],
    ['ok', '190100'],
    ['ok', '1a00010000'],
    ['ok', '1b0000000100000000'],
    ['ok', '1b001fffffffffffff'],
    ['ok', '3b001ffffffffffffe'],
    ['ok', '6161'],
    ['ok', '41ff'],
    ['ok', LINK],
    ['ok', LINK.replace('0171', '0155')],
    ['ok', 'a2 6162 01 626161 02'],
    ['truncated', ''],
    ['truncated', '18'],
    ['truncated', '1900'],
    ['truncated', '1a000100'],
    ['truncated', '1b00000001000000'],
    ['truncated', '6261'],
    ['truncated', '42ff'],
    ['truncated', '8201'],
    ['truncated', 'a1'],
    ['truncated', 'a16161'],
    ['truncated', '9affffffff'],
    ['truncated', 'bb001fffffffffffff'],
    ['truncated', '7b001fffffffffffff'],
    ['truncated', LINK.slice(0, -2)],
    ['trailing-bytes', 'a0a0'],
    ['trailing-bytes', '0000'],
    ['reserved-head', '1c'],
    ['reserved-head', '7e'],
    ['not-shortest', '1817'],
    ['not-shortest', '1900ff'],
    ['not-shortest', '1a0000ffff'],
    ['not-shortest', '1b00000000ffffffff'],
    ['not-shortest', '780161'],
    ['not-shortest', '580100'],
    ['not-shortest', '980101'],
    ['not-shortest', 'b8016161f6'],
    ['not-shortest', 'a1780161f6'],
    ['not-shortest', `d9002a${LINK.slice(5)}`],
    ['indefinite-length', '9fff'],
    ['indefinite-length', 'bfff'],
    ['indefinite-length', '7f6161ff'],
    ['indefinite-length', '5f4161ff'],
    ['indefinite-length', 'ff'],
    ['key-not-text', 'a10101'],
    ['key-not-text', 'a1416101'],
    ['key-order', 'a2 6162 01 6161 02'],
    ['key-order', 'a2 626161 01 6162 02'],
    ['key-duplicate', 'a2 6161 01 6161 02'],
    ['utf-8', '61ff'],
    ['utf-8', 'a161ff01'],
    ['utf-8', '63eda080'],
    ['integer-range', '1b0020000000000000'],
    ['integer-range', '3b001fffffffffffff'],
    ['integer-range', '1bffffffffffffffff'],
    ['integer-range', '3bffffffffffffffff'],
    ['simple-value', 'f7'],
    ['simple-value', 'f0'],
    ['simple-value', 'f820'],
    ['float', 'f93c00'],
    ['float', 'fa3f800000'],
    ['float', 'fb3ff0000000000000'],
    ['float', 'fb7ff8000000000000'],
    ['tag', 'c001'],
    ['tag', 'd82b5825'],
    ['tag', `c2${LINK}`],
    ['link', LINK.replace('5825', '5824').slice(0, -2) + 'ab'],
    ['link', LINK.replace('5825 00', '5825 01')],
    ['link', LINK.replace('0171', '0071')],
    ['link', LINK.replace('0171', '0170')],
    ['link', LINK.replace('1220', '1320')],
    ['link', LINK.replace('d82a 58', 'd82a 78')],
  ])('%s: %s', (expected, text) => {
    expect(verdict(hex(text))).toBe(expected)
  })

  it('counts the nesting of maps and arrays, the outermost as one', () => {
    const forms = [
      ['81', '80'],
      ['a16161', 'a0'],
    ] as const
    for (const [open, close] of forms) {
      expect(verdict(hex(open.repeat(MAX_DEPTH - 1) + close))).toBe('ok')
      expect(verdict(hex(open.repeat(MAX_DEPTH) + close))).toBe('depth')
    }
    expect(verdict(hex('81'.repeat(MAX_DEPTH) + '01'))).toBe('ok')
    expect(checkDagCbor(hex('8180'), 0, 2, { maxDepth: 1 })).not.toBe(0)
    expect(checkDagCbor(hex('8101'), 0, 2, { maxDepth: 1 })).toBe(0)
  })

  it('looks at its range only', () => {
    const bytes = hex('ff a16161f6 ff')
    expect(checkDagCbor(bytes, 1, 5)).toBe(0)
    expect(checkDagCbor(bytes, 1, 4)).not.toBe(0)
    expect(checkDagCbor(bytes, 1, 6)).not.toBe(0)
    expect(checkDagCbor(bytes, 1, 99)).not.toBe(0)
  })

  it('says where it stopped, in the block', () => {
    const bytes = hex('ffff a2 6161 01 6162 f93c00')
    const result = checkRecord(bytes, 2, bytes.length)
    expect(checkFailedAt()).toBe(8)
    expect(checkError(result, 2, { offset: 40 })).toMatchObject({
      code: 'repo.record-float',
      fields: { offset: 40, at: 6, reason: 'float' },
    })
  })

  it('stops at once on a megabyte made to nest or to count', () => {
    const started = performance.now()
    for (const lead of [0x81, 0x9f, 0xa1, 0xbb, 0xd8, 0x9b]) {
      const bytes = new Uint8Array(MAX_RECORD_BYTES).fill(lead)
      expect(checkRecord(bytes, 0, bytes.length)).not.toBe(0)
    }
    expect(performance.now() - started).toBeLessThan(200)
  })
})

describe('checkRecord', () => {
  it('wants a map of at most a mebibyte', () => {
    const verdictOf = (bytes: Uint8Array): string | undefined =>
      checkCodes[checkRecord(bytes, 0, bytes.length)]?.code
    expect(verdictOf(hex('a0'))).toBeUndefined()
    expect(verdictOf(hex('80'))).toBe('repo.record-malformed')
    expect(verdictOf(hex('6161'))).toBe('repo.record-malformed')
    expect(verdictOf(new Uint8Array())).toBe('repo.record-malformed')
    const head = hex('a1 6161 5a 000ffff8')
    const largest = concat([head, new Uint8Array(0xffff8)])
    expect(largest.length).toBe(MAX_RECORD_BYTES)
    expect(verdictOf(largest)).toBeUndefined()
    expect(verdictOf(concat([hex('a1 6161 5a 000ffff9'), new Uint8Array(0xffff9)]))).toBe(
      'repo.record-too-large',
    )
  })
})

describe('against other code', () => {
  it('passes whatever the encoder makes', () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(verdict(encodeDagCbor(value))).toBe('ok')
      }),
    )
  })

  /** True when the library decodes the bytes and encodes the value to the same bytes again. */
  function isCanonicalForLibrary(bytes: Uint8Array): boolean {
    try {
      return equalBytes(encode(decode(bytes)), bytes)
    } catch {
      return false
    }
  }

  /** What passes comes back the same; what does not is not canonical for the library, floats aside. */
  function isSound(bytes: Uint8Array, result: string): boolean {
    if (result === 'ok') return equalBytes(encodeDagCbor(toJson(bytes)), bytes)
    return result === 'float' || !isCanonicalForLibrary(bytes)
  }

  it('after one changed or missing byte: exactly what is canonical passes', () => {
    const seed = encodeDagCbor({
      $type: 'com.example.thing',
      text: 'ünï 😀',
      list: [1, -1, 300, 70_000, 5_000_000_000, true, null, { $bytes: 'AQID' }],
      link: { $link: 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a' },
      map: { a: {}, b: [], cc: 'x'.repeat(30) },
    })
    let passed = 0
    const wrong: string[] = []
    const judge = (bytes: Uint8Array): void => {
      const result = verdict(bytes)
      if (result === 'ok') passed++
      if (!isSound(bytes, result)) wrong.push(`${result} ${toHex(bytes)}`)
    }
    for (let at = 0; at < seed.length; at++) {
      judge(seed.subarray(0, at))
      for (let value = 0; value < 256; value++) {
        const bytes = seed.slice()
        bytes[at] = value
        judge(bytes)
      }
    }
    expect(wrong).toEqual([])
    expect(passed).toBeGreaterThan(seed.length)
  })

  it('on any bytes: what passes is canonical', () => {
    const byte = fc.oneof(
      fc.constantFrom(0xa1, 0xa2, 0x61, 0x62, 0x81, 0x82, 0x18, 0x41, 0xf6, 0xd8, 0x2a),
      fc.integer({ min: 0, max: 255 }),
    )
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 12 }), (list) => {
        const bytes = Uint8Array.from(list)
        expect(isSound(bytes, verdict(bytes))).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })
})

describeWithFixtures('data model vectors', (dir) => {
  it('passes the records', () => {
    // The fixture is an array of these.
    const vectors = JSON.parse(
      readFileSync(join(dir, 'atproto-interop-tests/data-model/data-model-fixtures.json'), 'utf8'),
    ) as { cbor_base64: string }[]
    expect(vectors.length).toBeGreaterThan(0)
    for (const vector of vectors) expect(verdict(fromBase64(vector.cbor_base64))).toBe('ok')
    const post = new Uint8Array(
      readFileSync(join(dir, 'indigo/atproto/atdata/testdata/feedpost_record.cbor')),
    )
    expect(checkRecord(post, 0, post.length)).toBe(0)
    expect(checkRecord(concat([post, utf8('a')]), 0, post.length + 1)).not.toBe(0)
  })
})
