import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToNumberBE } from '@noble/curves/utils.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { createRecent } from '../core/recent.ts'

const { Point, Signature } = secp256k1
const { Fn } = Point

/** Bits that a step with a key's table takes. More make the table dear, and each check little cheaper. */
const WINDOW = 4
/** Keys that are remembered, those that were seen last. A table is some 100 KB. */
const MAX_KEYS = 16
/** Signatures of a key before it is to have a table: with the first table the generator's is made, which is dear. */
const WITHOUT = 8

/** Points of keys that shall have one, by name. */
const due = new Map<string, Uint8Array>()
/** By name. */
const keys = createRecent<string, { seen: number; table: InstanceType<typeof Point> | undefined }>(MAX_KEYS)

/**
 * Whether a signature on K-256 is that of SHA-256(`signed`). A key that signs often has a table of its multiples, once
 * {@link makeTables} was called, which spares half of each check. With it and without, the same is said of whatever has
 * its form; that, and a low S, are the caller's to check.
 *
 * @param name of the key: the same name, the same key
 * @param point compressed, on the curve
 * @param sig R and S, each in range
 */
export function verifyK256(name: string, point: Uint8Array, sig: Uint8Array, signed: Uint8Array): boolean {
  const known = keys.get(name) ?? { seen: 0, table: undefined }
  if (known.seen === 0) keys.set(name, known)
  known.seen++
  if (known.table !== undefined) return verifyByTable(known.table, sig, signed)
  if (known.seen >= WITHOUT && due.size < MAX_KEYS) due.set(name, point)
  return verifyOnce(point, sig, signed)
}

export const areTablesDue = (): boolean => due.size > 0

/** Makes the tables that are due: the first takes tens of milliseconds, so not while someone waits for a check. */
export function makeTables(): void {
  for (const [name, point] of due) {
    const known = keys.get(name)
    if (known !== undefined) known.table = tableOf(point)
  }
  due.clear()
}

export const verifyOnce = (point: Uint8Array, sig: Uint8Array, signed: Uint8Array): boolean =>
  secp256k1.verify(sig, signed, point, { format: 'compact', lowS: true, prehash: true })

export const tableOf = (point: Uint8Array): InstanceType<typeof Point> =>
  Point.fromBytes(point).precompute(WINDOW, false)

/** ECDSA (SEC 1, 4.1.4): R is on the line of u1 times the generator and u2 times the key. */
export function verifyByTable(key: InstanceType<typeof Point>, sig: Uint8Array, signed: Uint8Array): boolean {
  const { r, s } = Signature.fromBytes(sig, 'compact')
  const inverse = Fn.inv(s)
  // As many bits as the order has.
  const digest = Fn.create(bytesToNumberBE(sha256(signed)))
  const sum = Point.BASE.multiplyUnsafe(Fn.create(digest * inverse)).add(
    key.multiplyUnsafe(Fn.create(r * inverse)),
  )
  return !sum.is0() && Fn.create(sum.toAffine().x) === r
}
