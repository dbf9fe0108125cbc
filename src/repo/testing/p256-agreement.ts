import { p256 } from '@noble/curves/nist.js'
import { verifyP256, verifyPure } from '../p256-verify.ts'
import { createPrng } from './prng.ts'

/** How often both said so of a signature. */
export interface Agreement {
  valid: number
  invalid: number
}

/**
 * Has many signatures judged by the host's code and by the pure one: good ones, and some with a byte of the signature,
 * of what was signed, or the key changed, or made of numbers at the ends of their range. Throws where they differ.
 */
export async function p256Agreement(rounds: number): Promise<Agreement> {
  const prng = createPrng(77)
  const order = p256.Point.Fn.ORDER
  const found: Agreement = { valid: 0, invalid: 0 }
  const judge = async (point: Uint8Array, sig: Uint8Array, signed: Uint8Array): Promise<void> => {
    const { r, s } = p256.Signature.fromBytes(sig, 'compact')
    // What has not this form is refused before either is asked.
    if (s > order / 2n || r === 0n || s === 0n) return
    const pure = verifyPure(point, sig, signed)
    const host = await verifyP256(point.join(), point, sig, signed)
    if (pure !== host) throw new Error(`host ${host}, pure ${pure}: ${sig.join()} by ${point.join()}`)
    found[pure ? 'valid' : 'invalid']++
  }
  const made = (r: bigint, s: bigint): Uint8Array => new p256.Signature(r, s).toBytes('compact')
  for (let round = 0; round < rounds; round++) {
    const secret = p256.utils.randomSecretKey(prng.bytes(48))
    const point = p256.getPublicKey(secret, true)
    const other = p256.getPublicKey(p256.utils.randomSecretKey(prng.bytes(48)), true)
    const signed = prng.bytes(prng.int(300))
    const sig = p256.sign(signed, secret, { prehash: true, lowS: true })
    const { r, s } = p256.Signature.fromBytes(sig, 'compact')
    await judge(point, sig, signed)
    await judge(other, sig, signed)
    await judge(point, sig, Uint8Array.of(...signed, 0))
    for (const [one, two] of [
      [r + 1n, s],
      [r, s === 1n ? 2n : s - 1n],
      [1n, 1n],
      [order - 1n, order / 2n],
      [1n, s],
      [r, 1n],
    ] as const)
      if (one < order) await judge(point, made(one, two), signed)
    const bent = sig.slice()
    const at = 1 + prng.int(30)
    bent[at] = (bent[at] ?? 0) ^ (1 << prng.int(8))
    await judge(point, bent, signed)
  }
  return found
}
