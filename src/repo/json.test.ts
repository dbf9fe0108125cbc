import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromBase64, toBase64 } from '@atcute/multibase'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cidString, CODEC_DAG_CBOR } from '../core/cid.ts'
import { createSha256 } from '../core/hash.ts'
import { describeWithFixtures } from '../core/testing/fixtures.ts'
import { checkRecord } from './cbor/check.ts'
import { RepoError } from './errors.ts'
import { fromJson, toJson } from './json.ts'
import { jsonObject } from './testing/json-value.ts'

describe('record JSON', () => {
  it('comes back the same, whatever its keys, and its bytes pass as a record', () => {
    fc.assert(
      fc.property(jsonObject, (value) => {
        const bytes = fromJson(value)
        expect(checkRecord(bytes, 0, bytes.length)).toBe(0)
        const back = toJson(bytes)
        expect(back).toEqual(value)
        expect(fromJson(back)).toEqual(bytes)
        expect(fromJson(structuredClone(back))).toEqual(bytes)
        expect(fromJson(JSON.parse(JSON.stringify(back)))).toEqual(bytes)
      }),
    )
  })

  it('keeps hostile keys as own properties', () => {
    const value: unknown = JSON.parse(
      '{"__proto__":{"polluted":true},"constructor":1,"then":{"__proto__":null}}',
    )
    const back = toJson(fromJson(value))
    expect(JSON.stringify(back)).toContain('"__proto__":{"polluted":true}')
    expect(Object.hasOwn(back as object, '__proto__')).toBe(true) // toJson of a map gives an object
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect('polluted' in {}).toBe(false)
  })

  it('gives plain objects for links and bytes', () => {
    const link = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
    const back = toJson(fromJson({ l: { $link: link }, b: { $bytes: 'AQID' } }))
    expect(structuredClone(back)).toStrictEqual({ l: { $link: link }, b: { $bytes: 'AQID' } })
  })

  it('refuses bytes that are not strict, by their code', () => {
    expect(() => toJson(Uint8Array.of(0xf9, 0x3c, 0x00))).toThrow(
      expect.objectContaining({ code: 'repo.record-float' }),
    )
    expect(() => toJson(new Uint8Array())).toThrow(RepoError)
    expect(() => toJson(new Uint8Array(100).fill(0x81))).toThrow(
      expect.objectContaining({ code: 'repo.record-too-deep' }),
    )
  })
})

describeWithFixtures('data model JSON vectors', (dir) => {
  const folder = join(dir, 'atproto-interop-tests/data-model')
  type Vector = { note: string; json: unknown; cbor_base64: string; cid: string }
  // Each file is an array of these, with the fields that its kind has.
  const read = (name: string): Vector[] => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Vector[]

  it('makes the bytes and the CID of each', async () => {
    const sha256 = await createSha256()
    for (const vector of read('data-model-fixtures.json')) {
      const bytes = fromJson(vector.json)
      expect(toBase64(bytes)).toBe(vector.cbor_base64)
      expect(cidString(CODEC_DAG_CBOR, sha256(bytes))).toBe(vector.cid)
      expect(toJson(fromBase64(vector.cbor_base64))).toEqual(vector.json)
    }
  })

  it('takes the valid', () => {
    for (const vector of read('data-model-valid.json'))
      expect(toJson(fromJson(vector.json))).toEqual(vector.json)
  })

  it('refuses the invalid', () => {
    const invalid = read('data-model-invalid.json')
    expect(invalid.length).toBeGreaterThan(10)
    for (const vector of invalid) {
      expect(() => fromJson(vector.json), vector.note).toThrow(RepoError)
    }
  })
})
