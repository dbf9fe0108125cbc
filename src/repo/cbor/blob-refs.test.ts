import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR, CODEC_RAW } from '../../core/cid.ts'
import { jsonObject } from '../testing/json-value.ts'
import { findBlobRefs, MAX_BLOB_REFS } from './blob-refs.ts'
import { encodeDagCbor } from './encode.ts'

const cid = cidString(CODEC_RAW, new Uint8Array(32).fill(1))
const otherCid = cidString(CODEC_RAW, new Uint8Array(32).fill(2))
const notRaw = cidString(CODEC_DAG_CBOR, new Uint8Array(32).fill(3))
const blob = (link: string, size: unknown = 10, mimeType: unknown = 'image/png'): object => ({
  $type: 'blob',
  ref: { $link: link },
  mimeType,
  size,
})
const refsOf = (value: unknown): unknown => findBlobRefs(encodeDagCbor(value))

describe('findBlobRefs', () => {
  it('finds both forms at any depth, in order, doubles too', () => {
    const value = {
      a: blob(cid, 0),
      b: { images: [{ image: blob(otherCid, 5_000_000_000, 'video/mp4') }, { image: blob(cid) }] },
      c: { cid, mimeType: 'image/jpeg' },
    }
    expect(refsOf(value)).toEqual([
      { cid, mimeType: 'image/png', size: 0 },
      { cid: otherCid, mimeType: 'video/mp4', size: 5_000_000_000 },
      { cid, mimeType: 'image/png', size: 10 },
      { cid, mimeType: 'image/jpeg', size: undefined },
    ])
  })

  it('finds one that is the record itself, and one within another', () => {
    expect(refsOf(blob(cid))).toEqual([{ cid, mimeType: 'image/png', size: 10 }])
    const outer = { ...blob(cid), thumb: blob(otherCid) }
    expect(refsOf(outer)).toHaveLength(2)
  })

  it('reads only its range', () => {
    const bytes = encodeDagCbor({ a: blob(cid) })
    const padded = concat([utf8('xx'), bytes, utf8('mimeType')])
    expect(findBlobRefs(padded, 2, 2 + bytes.length)).toHaveLength(1)
  })

  it.each([
    ['another $type', { ...blob(cid), $type: 'blobb' }],
    ['a CID of another codec', blob(notRaw)],
    ['a size that is text', blob(cid, '10')],
    ['a negative size', blob(cid, -1)],
    ['a type that is no text', blob(cid, 10, 3)],
    ['no ref', { $type: 'blob', mimeType: 'image/png', size: 1 }],
    ['a ref as text', { $type: 'blob', mimeType: 'image/png', size: 1, ref: cid }],
    ['the older form with another field', { cid, mimeType: 'image/png', size: 3 }],
    ['the older form with a CID of another codec', { cid: notRaw, mimeType: 'image/png' }],
    ['the word in a text', { text: 'mimeType', b: ['mimeType'] }],
  ])('does not take %s', (_name, value) => {
    expect(refsOf({ value })).toEqual([])
  })

  it('finds as many as were put into any record', () => {
    fc.assert(
      fc.property(jsonObject, fc.nat(4), (value, count) => {
        const refs = Array.from({ length: count }, (_unused, i) => blob(cid, i))
        const found = findBlobRefs(encodeDagCbor({ value, 'blobs here': refs }))
        expect(found.map((ref) => ref.size)).toEqual(refs.map((_unused, i) => i))
      }),
    )
  })

  it('gives no more than its limit', () => {
    const many = Array.from({ length: MAX_BLOB_REFS + 5 }, () => blob(cid))
    expect(refsOf({ many })).toHaveLength(MAX_BLOB_REFS)
  })

  it('ends without an exception on anything', () => {
    const seed = encodeDagCbor({ a: blob(cid), c: { cid, mimeType: 'image/jpeg' } })
    for (let at = 0; at < seed.length; at++) {
      expect(findBlobRefs(seed, 0, at).length).toBeLessThanOrEqual(2)
      for (const value of [0, 0x18, 0x5f, 0x7b, 0x9b, 0xa1, 0xbb, 0xd8, 0xf6, 0xff]) {
        const bytes = seed.slice()
        bytes[at] = value
        expect(findBlobRefs(bytes).length).toBeLessThanOrEqual(2)
      }
    }
    const nested = concat([new Uint8Array(100_000).fill(0x81), utf8('mimeType')])
    expect(findBlobRefs(nested)).toEqual([])
  })
})
