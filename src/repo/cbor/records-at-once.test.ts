import { hash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../../core/bytes.ts'
import { createLanes } from '../../core/sha256-lanes.ts'
import { jsonObject } from '../testing/json-value.ts'
import { checkRecord, MAX_DEPTH, MAX_RECORD_BYTES } from './check.ts'
import { encodeDagCbor } from './encode.ts'

const lanes = await createLanes()
if (lanes === undefined) throw new Error('this Node has no WebAssembly SIMD')

/** Which of them are records, said of all at once; the last ends where the bytes do. */
function soundOf(samples: readonly Uint8Array[]): boolean[] {
  const parts = samples.flatMap((it) => [hash('sha256', it, 'buffer'), it])
  const bytes = concat(parts)
  const messages = new Int32Array(samples.length * 3)
  let at = 0
  samples.forEach(({ length }, i) => {
    messages.set([at + 32, at + 32 + length, at], i * 3)
    at += 32 + length
  })
  const sound = new Uint8Array(samples.length)
  expect(lanes?.check(bytes, messages, samples.length, sound)).toBe(-1)
  // Who makes the digests is told the same as who checks them.
  const made = new Uint8Array(samples.length)
  lanes?.fill(bytes, messages, samples.length, made)
  expect(made).toEqual(sound)
  return [...sound].map((it) => it === 1)
}

/** Both checks say the same of each. */
function expectSame(samples: readonly Uint8Array[]): number {
  const sound = soundOf(samples)
  const wanted = samples.map((it) => checkRecord(it, 0, it.length) === 0)
  const differs = sound.findIndex((it, i) => it !== wanted[i])
  const sample = samples[differs]
  expect(sample && { bytes: toHex(sample), wanted: wanted[differs] }).toBeUndefined()
  return wanted.filter(Boolean).length
}

const hex = (text: string): Uint8Array => fromHex(text.replaceAll(' ', '')) ?? new Uint8Array()
const LINK = `d82a 5825 00 01711220 ${'ab'.repeat(32)}`
/** Small ones that between them have all that a record can have. */
const BASES = [
  `a2 6161 ${LINK} 6162 ${LINK.replace('0171', '0155')}`,
  'a4 6161 17 6162 1818 626161 190100 626162 1a00010000',
  'a3 6161 1b0000000100000000 6162 1b001fffffffffffff 6163 3b001ffffffffffffe',
  'a3 60 f4 6161 82 f5 f6 6162 83 41ff 80 a0',
  // of one, two, three and four bytes, at the ends of each range
  'a2 6161 78 18 c280 dfbf e0a080 ed9fbf ee8080 efbfbf f0908080 f48fbfbf 6162 64 f09f9880',
  'a3 66616263646566 01 66616263646567 02 6a c3a9c3a9c3a9c3a9c3a9 6a 61626364656667686970',
].map(hex)

describe('records, told at once', () => {
  it('are what the check one after another says, whatever byte is another', () => {
    expect(expectSame(BASES)).toBe(BASES.length)
    for (const base of BASES)
      expectSame(
        [...base].flatMap((_, at) => Array.from({ length: 256 }, (__, value) => base.with(at, value))),
      )
  })

  it('are the same when a byte is missing, or one more', () => {
    for (const base of BASES) {
      expectSame([...base].map((_, at) => base.slice(0, at)))
      expectSame([...base].map((_, at) => concat([base.slice(0, at), base.slice(at + 1)])))
      for (const more of [0, 0x60, 0x80, 0xa0, 0xbf, 0xff])
        expectSame(
          [...base, 0].map((_, at) => concat([base.slice(0, at), Uint8Array.of(more), base.slice(at)])),
        )
    }
  })

  it('are the same for any bytes, and for any two bytes that are others', () => {
    const near = fc
      .tuple(fc.constantFrom(...BASES), fc.nat(), fc.nat(255), fc.nat(), fc.nat(255))
      .map(([base, at, value, also, other]) =>
        base.with(at % base.length, value).with(also % base.length, other),
      )
    // heads of maps, arrays and strings, so that something follows from the bytes
    const heads = fc.constantFrom(
      0x60,
      0x61,
      0x62,
      0x78,
      0x80,
      0x81,
      0x9a,
      0xa0,
      0xa1,
      0xa2,
      0xb8,
      0xd8,
      0xf6,
      0x1b,
    )
    const any = fc
      .array(fc.oneof(heads, fc.nat(255)), { maxLength: 60 })
      .map((bytes) => Uint8Array.from([0xa1 + ((bytes[0] ?? 0) % 3), ...bytes]))
    fc.assert(fc.property(fc.array(fc.oneof(near, any), { minLength: 1, maxLength: 200 }), expectSameOf), {
      numRuns: 300,
    })
  })

  it('are all that the encoder makes of a map', () => {
    fc.assert(
      fc.property(fc.array(jsonObject, { minLength: 1, maxLength: 20 }), (values) => {
        expect(expectSame(values.map(encodeDagCbor))).toBe(values.length)
      }),
      { numRuns: 200 },
    )
  })

  it('nest as deep, and are as large, as a record may', () => {
    const nested = (depth: number): Uint8Array =>
      Uint8Array.from([...Array.from({ length: depth - 1 }, () => [0xa1, 0x60]).flat(), 0xa0])
    const listed = (depth: number): Uint8Array =>
      Uint8Array.from([0xa1, 0x60, ...Array.from({ length: depth - 2 }, () => 0x81), 0x80])
    expect(
      expectSame([nested(MAX_DEPTH), nested(MAX_DEPTH + 1), listed(MAX_DEPTH), listed(MAX_DEPTH + 1)]),
    ).toBe(2)
    const bytesOf = (size: number): Uint8Array => {
      const head = hex(`a1 60 5a ${(size - 7).toString(16).padStart(8, '0')}`)
      return concat([head, new Uint8Array(size - 7)])
    }
    expect(
      expectSame([bytesOf(MAX_RECORD_BYTES), bytesOf(MAX_RECORD_BYTES + 1), bytesOf(MAX_RECORD_BYTES - 1)]),
    ).toBe(2)
  })

  it('are counted and nested no further than their bytes go', () => {
    const million = new Uint8Array(1_000_000)
    expect(
      expectSame([
        million.slice().fill(0x81).with(0, 0xa1).with(1, 0x60),
        million.slice().fill(0xa1),
        concat([hex('bb001fffffffffffff'), million]),
        concat([hex('a1 60 9b001fffffffffffff'), million]),
        concat([hex('a1 60 7b001fffffffffffff'), million]),
      ]),
    ).toBe(0)
  })
})

function expectSameOf(samples: readonly Uint8Array[]): void {
  expectSame(samples)
}
