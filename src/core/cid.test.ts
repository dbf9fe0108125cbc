import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat } from './bytes.ts'
import {
  CID_UNSUPPORTED,
  cidBytes,
  cidString,
  CODEC_DAG_CBOR,
  CODEC_RAW,
  parseCid,
  readCidHeader,
} from './cid.ts'

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
const codec = fc.constantFrom(CODEC_DAG_CBOR, CODEC_RAW)

describe('CID', () => {
  it('goes to text and bytes and back', () => {
    fc.assert(
      fc.property(codec, digest, fc.nat(4), (code, hash, pad) => {
        expect(parseCid(cidString(code, hash))).toEqual({ codec: code, digest: hash })
        expect(readCidHeader(concat([new Uint8Array(pad), cidBytes(code, hash)]), pad)).toBe(code)
      }),
    )
  })

  it('reads a known one', () => {
    const text = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
    const cid = parseCid(text)
    expect(cid?.codec).toBe(CODEC_DAG_CBOR)
    expect(cidString(CODEC_DAG_CBOR, cid?.digest ?? new Uint8Array(32))).toBe(text)
  })

  it('refuses every change of a header byte, and a cut', () => {
    const good = cidBytes(CODEC_DAG_CBOR, new Uint8Array(32))
    for (let at = 0; at < 4; at++) {
      for (let value = 0; value < 256; value++) {
        const bytes = good.slice()
        bytes[at] = value
        const legal = value === good[at] || (at === 1 && value === CODEC_RAW)
        expect(readCidHeader(bytes, 0)).toBe(
          legal ? (value === CODEC_RAW ? CODEC_RAW : CODEC_DAG_CBOR) : CID_UNSUPPORTED,
        )
      }
    }
    expect(readCidHeader(good.subarray(0, 35), 0)).toBe(CID_UNSUPPORTED)
    expect(readCidHeader(good, 1)).toBe(CID_UNSUPPORTED)
  })

  it.each([
    ['version 0', 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG'],
    ['another base', 'zdpuAsRCbn2kQ42CMHSm2YqCRe1TQM2y5oLEZ9nfTSPJDZSva'],
    ['upper case', 'BAFYREIDFAYVFUWQA7QLNOPDJIQRXZS6BLMOEU4RUJCJTNCI5BELUDIRZ2A'],
    ['one character less', 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2'],
    ['left-over bits', 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2b'],
    ['a byte that is no base32', 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz1a'],
    ['nothing', ''],
  ])('refuses %s', (_name, text) => {
    expect(parseCid(text)).toBeUndefined()
  })
})
