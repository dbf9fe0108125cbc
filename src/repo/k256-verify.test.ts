import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expect, it } from 'vitest'
import { areTablesDue, makeTables, tableOf, verifyByTable, verifyK256, verifyOnce } from './k256-verify.ts'
import { createPrng, type Prng } from './testing/prng.ts'

const { Point, Signature } = secp256k1
const order = Point.Fn.ORDER
const made = (r: bigint, s: bigint): Uint8Array => new Signature(r, s).toBytes('compact')

/** Has a signature judged in every way; all have to say the same. Undefined for what nobody is asked about. */
function judge(point: Uint8Array, sig: Uint8Array, signed: Uint8Array): boolean | undefined {
  const { r, s } = Signature.fromBytes(sig, 'compact')
  if (s > order / 2n || r === 0n || s === 0n) return undefined
  const once = verifyOnce(point, sig, signed)
  expect(verifyByTable(tableOf(point), sig, signed)).toBe(once)
  // The first by this name are without a table; those after them have one.
  for (let i = 0; i < 2; i++) expect(verifyK256(point.join(), point, sig, signed)).toBe(once)
  makeTables()
  return once
}

/** A good signature by a key, and what is close to it. */
function judgeAll(secret: Uint8Array, prng: Prng): (boolean | undefined)[] {
  const point = secp256k1.getPublicKey(secret, true)
  const other = secp256k1.getPublicKey(secp256k1.utils.randomSecretKey(prng.bytes(48)), true)
  const signed = prng.bytes(prng.int(300))
  const sig = secp256k1.sign(signed, secret, { prehash: true, lowS: true })
  const { r, s } = Signature.fromBytes(sig, 'compact')
  const bent = sig.slice()
  const at = 1 + prng.int(30)
  bent[at] = (bent[at] ?? 0) ^ (1 << prng.int(8))
  const odd: readonly (readonly [bigint, bigint])[] = [
    [r + 1n < order ? r + 1n : 2n, s],
    [r, s === 1n ? 2n : s - 1n],
    [1n, 1n],
    [order - 1n, order / 2n],
    [1n, s],
    [r, 1n],
    // the generator's own place
    [Point.BASE.toAffine().x % order, s],
  ]
  return [
    judge(point, sig, signed),
    judge(other, sig, signed),
    judge(point, sig, Uint8Array.of(...signed, 0)),
    judge(point, bent, signed),
    ...odd.map(([one, two]) => judge(point, made(one, two), signed)),
  ]
}

const ALL_BUT_FIRST = [true, ...Array.from({ length: 10 }, () => false)]

it('says the same of a signature with a table of the key and without', () => {
  const prng = createPrng(77)
  for (let round = 0; round < 20; round++)
    expect(judgeAll(secp256k1.utils.randomSecretKey(prng.bytes(48)), prng)).toEqual(ALL_BUT_FIRST)
})

it('also by the keys that are the generator, its double, and their opposites', () => {
  const prng = createPrng(78)
  for (const secret of [1n, 2n, order - 2n, order - 1n])
    expect(judgeAll(Point.Fn.toBytes(secret), prng)).toEqual(ALL_BUT_FIRST)
})

it('keeps no more tables than of the keys that were seen last, and judges by those that it let go as before', () => {
  const prng = createPrng(79)
  const all = Array.from({ length: 40 }, (_, i) => {
    const secret = secp256k1.utils.randomSecretKey(prng.bytes(48))
    const signed = prng.bytes(20)
    const sig = secp256k1.sign(signed, secret, { prehash: true, lowS: true })
    return { name: `key ${i}`, point: secp256k1.getPublicKey(secret, true), signed, sig }
  })
  for (let round = 0; round < 3; round++)
    for (const { name, point, signed, sig } of all) {
      expect(verifyK256(name, point, sig, signed)).toBe(true)
      expect(verifyK256(name, point, sig, Uint8Array.of(...signed, 1))).toBe(false)
      makeTables()
    }
})

it('makes no table while a check is waited for, and each once', () => {
  const prng = createPrng(80)
  const secret = secp256k1.utils.randomSecretKey(prng.bytes(48))
  const point = secp256k1.getPublicKey(secret, true)
  const signed = prng.bytes(20)
  const sig = secp256k1.sign(signed, secret, { prehash: true, lowS: true })
  const check = (): boolean => verifyK256('a key of its own', point, sig, signed)
  const dueAfter = Array.from({ length: 10 }, () => check() && areTablesDue())
  expect(dueAfter).toEqual([...Array.from({ length: 7 }, () => false), true, true, true])
  makeTables()
  expect(areTablesDue()).toBe(false)
  for (let i = 0; i < 10; i++) expect(check() && areTablesDue()).toBe(false)
})
