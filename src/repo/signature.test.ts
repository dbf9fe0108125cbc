import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromBase58Btc, fromBase64, toBase58Btc } from '@atcute/multibase'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, utf8 } from '../core/bytes.ts'
import { describeWithFixtures } from '../core/testing/fixtures.ts'
import { formatDidKey, multikeyToDidKey, parseDidKey, verifySignature } from './signature.ts'
import type { Curve } from './signature.ts'

interface SignatureVector {
  messageBase64: string
  didDocSuite: string
  publicKeyDid: string
  publicKeyMultibase: string
  signatureBase64: string
  validSignature: boolean
  tags: string[]
}

const TYPES = {
  p256: 'EcdsaSecp256r1VerificationKey2019',
  k256: 'EcdsaSecp256k1VerificationKey2019',
} as const
const PREFIXES = { p256: [0x80, 0x24], k256: [0xe7, 0x01] } as const
const curves = { p256, k256: secp256k1 } as const
const both: readonly Curve[] = ['p256', 'k256']
const secret = new Uint8Array(32).fill(7)
const message = utf8('what was signed')

function readJson(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(...path), 'utf8'))
}

describeWithFixtures('crypto vectors', (dir) => {
  const crypto = join(dir, 'atproto-interop-tests/crypto')

  // The files are arrays of what the casts say.
  const vectors = readJson(crypto, 'signature-fixtures.json') as SignatureVector[]

  it('judges every signature as the vectors do, and says why', async () => {
    expect(vectors.length).toBeGreaterThan(4)
    // What is seen again is checked in another way.
    for (const vector of [...vectors, ...vectors]) {
      const result = await verifySignature(
        vector.publicKeyDid,
        fromBase64(vector.signatureBase64),
        fromBase64(vector.messageBase64),
      )
      const reason = vector.tags.includes('high-s') ? 'high-s' : 'malformed'
      expect(result).toBe(vector.validSignature ? 'valid' : reason)
    }
  })

  it('makes the same did:key of the 2019 forms', () => {
    for (const vector of vectors) {
      const method = { type: vector.didDocSuite, publicKeyMultibase: vector.publicKeyMultibase }
      expect(multikeyToDidKey(method)).toBe(vector.publicKeyDid)
    }
  })

  it('makes the did:keys of the W3C private keys', () => {
    type Vector = { privateKeyBytesHex?: string; privateKeyBytesBase58?: string; publicDidKey: string }
    for (const curve of both) {
      const name = curve === 'p256' ? 'P256' : 'K256'
      for (const vector of readJson(crypto, `w3c_didkey_${name}.json`) as Vector[]) {
        const key = fromHex(vector.privateKeyBytesHex ?? '') ?? new Uint8Array()
        const bytes = key.length > 0 ? key : fromBase58Btc(vector.privateKeyBytesBase58 ?? '')
        const point = curves[curve].getPublicKey(bytes, true)
        expect(formatDidKey({ curve, point })).toBe(vector.publicDidKey)
        expect(parseDidKey(vector.publicDidKey)).toEqual({ curve, point })
      }
    }
  })

  it('reads the keys of real identity documents', () => {
    type Doc = { verificationMethod: { type: string; publicKeyMultibase: string }[] }
    const docs = ['did_plc_doc.json', 'did_plc_doc_legacy.json']
    for (const name of docs) {
      const doc = readJson(dir, 'indigo/atproto/identity/testdata', name) as Doc // as the file has it
      const methods = doc.verificationMethod
      expect(methods.length).toBeGreaterThan(0)
      for (const method of methods) expect(multikeyToDidKey(method)).toMatch(/^did:key:z(Q3s|Dn)/)
    }
  })
})

describe.each(both)('%s signatures', (curve) => {
  const ecdsa = curves[curve]
  const point = ecdsa.getPublicKey(secret, true)
  const didKey = formatDidKey({ curve, point })
  const good = ecdsa.sign(message, secret, { prehash: true, lowS: true })

  it('are valid for their message and key only', async () => {
    expect(await verifySignature(didKey, good, message)).toBe('valid')
    expect(await verifySignature(didKey, good, utf8('another'))).toBe('invalid')
    const other = formatDidKey({ curve, point: ecdsa.getPublicKey(new Uint8Array(32).fill(8), true) })
    expect(await verifySignature(other, good, message)).toBe('invalid')
  })

  it('are refused after any change of a byte, without an exception', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(63), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bad = good.slice()
        bad[at] = (bad[at] ?? 0) ^ change
        expect(['invalid', 'high-s', 'malformed']).toContain(await verifySignature(didKey, bad, message))
      }),
      { numRuns: 60 },
    )
  })

  it('are refused in the upper half, from the first value above the middle', async () => {
    const n = ecdsa.Point.Fn.ORDER
    const { r, s } = ecdsa.Signature.fromBytes(good, 'compact')
    const make = (value: bigint): Uint8Array => new ecdsa.Signature(r, value).toBytes('compact')
    expect(await verifySignature(didKey, make(n - s), message)).toBe('high-s')
    expect(await verifySignature(didKey, make(n / 2n + 1n), message)).toBe('high-s')
    expect(await verifySignature(didKey, make(n / 2n), message)).toBe('invalid')
    expect(await verifySignature(didKey, new Uint8Array(64).fill(0xff), message)).toBe('high-s')
  })

  it('are malformed with R or S out of range, or of any other length', async () => {
    const zeroR = concat([new Uint8Array(32), good.subarray(32)])
    const zeroS = concat([good.subarray(0, 32), new Uint8Array(32)])
    const hugeR = concat([new Uint8Array(32).fill(0xff), good.subarray(32)])
    const der = ecdsa.sign(message, secret, { prehash: true, lowS: true, format: 'der' })
    for (const bad of [
      zeroR,
      zeroS,
      hugeR,
      der,
      new Uint8Array(),
      good.subarray(1),
      concat([good, Uint8Array.of(0)]),
    ]) {
      expect(await verifySignature(didKey, bad, message)).toBe('malformed')
    }
  })

  it('have keys in every form of a verification method', () => {
    const long = ecdsa.getPublicKey(secret, false)
    const prefix = Uint8Array.from(PREFIXES[curve])
    const multibase = (...parts: Uint8Array[]): string => `z${toBase58Btc(concat(parts))}`
    for (const publicKeyMultibase of [
      multibase(point),
      multibase(long),
      multibase(prefix, point),
      multibase(prefix, long),
    ]) {
      expect(multikeyToDidKey({ type: TYPES[curve], publicKeyMultibase })).toBe(didKey)
    }
    expect(multikeyToDidKey({ type: 'Multikey', publicKeyMultibase: multibase(prefix, point) })).toBe(didKey)
  })

  it('have one did:key only: the compressed point, nothing after it', () => {
    const prefix = Uint8Array.from(PREFIXES[curve])
    const long = toBase58Btc(concat([prefix, ecdsa.getPublicKey(secret, false)]))
    expect(parseDidKey(`did:key:z${long}`)).toBeUndefined()
    expect(parseDidKey(`did:key:z${toBase58Btc(concat([prefix, point, Uint8Array.of(0)]))}`)).toBeUndefined()
    expect(parseDidKey(didKey)).toEqual({ curve, point })
  })

  it('have no key that is bare under Multikey, of the other curve, or off the curve', () => {
    const other: Curve = curve === 'p256' ? 'k256' : 'p256'
    const prefix = Uint8Array.from(PREFIXES[curve])
    const off = ecdsa.getPublicKey(secret, false).slice()
    off[64] = (off[64] ?? 0) ^ 1
    const multibase = (...parts: Uint8Array[]): string => `z${toBase58Btc(concat(parts))}`
    expect(multikeyToDidKey({ type: 'Multikey', publicKeyMultibase: multibase(point) })).toBeUndefined()
    expect(
      multikeyToDidKey({ type: TYPES[other], publicKeyMultibase: multibase(prefix, point) }),
    ).toBeUndefined()
    expect(multikeyToDidKey({ type: TYPES[curve], publicKeyMultibase: multibase(off) })).toBeUndefined()
    expect(
      multikeyToDidKey({ type: 'JsonWebKey2020', publicKeyMultibase: multibase(prefix, point) }),
    ).toBeUndefined()
    expect(multikeyToDidKey({ type: 'Multikey' })).toBeUndefined()
  })
})

describe('did:key', () => {
  it.each([
    ['Ed25519', 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'],
    ['no base58', 'did:key:z0OIl'],
    ['another base', 'did:key:mAAAA'],
    ['another method', 'did:plc:z5vnbioquyhivxirw3bbljmu'],
    ['nothing', ''],
    ['a very long one', `did:key:z${'Q'.repeat(1_000_000)}`],
    [
      'a point that is none',
      `did:key:z${toBase58Btc(Uint8Array.from([0x80, 0x24, 2, ...new Uint8Array(32).fill(0xff)]))}`,
    ],
  ])('of %s is unsupported', async (_name, didKey) => {
    expect(parseDidKey(didKey)).toBeUndefined()
    expect(await verifySignature(didKey, new Uint8Array(64), message)).toBe('unsupported-key')
  })
})
