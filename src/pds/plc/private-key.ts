import { fromBase58Btc, toBase58Btc } from '@atcute/multibase'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { concat } from '../../core/bytes.ts'
import { type Curve, formatDidKey } from '../../repo/signature.ts'

/** A key that signs for an account: as a rotation key, or as its #atproto key. */
export interface PrivateKey {
  readonly curve: Curve
  /** 32 bytes */
  readonly secret: Uint8Array
  readonly didKey: string
}

export const SECRET_BYTES = 32
/** Multicodec prefixes of private keys, as varints: p256-priv 0x1306, secp256k1-priv 0x1301. */
const PREFIXES: Readonly<Record<Curve, readonly [number, number]>> = {
  p256: [0x86, 0x26],
  k256: [0x81, 0x26],
}
/** A prefix and 32 bytes take some 48 characters; base58 costs the square of the length. */
const MAX_MULTIBASE = 64

const curveOf = (curve: Curve) => (curve === 'p256' ? p256 : secp256k1)

/** A new key, from the host's own source of chance. */
export const makePrivateKey = (curve: Curve = 'k256'): PrivateKey => {
  const key = privateKeyOf(curve, curveOf(curve).utils.randomSecretKey())
  if (key === undefined) throw new RangeError('the source of chance gave no key')
  return key
}

/** The key with this secret; undefined when it is none of this curve. */
export function privateKeyOf(curve: Curve, secret: Uint8Array): PrivateKey | undefined {
  const on = curveOf(curve)
  if (secret.length !== SECRET_BYTES || !on.utils.isValidSecretKey(secret)) return undefined
  const point = on.getPublicKey(secret, true)
  return { curve, secret: new Uint8Array(secret), didKey: formatDidKey({ curve, point }) }
}

/** As multibase text (`z…`), which other tools of atproto read too. */
export const formatPrivateKey = ({ curve, secret }: PrivateKey): string =>
  `z${toBase58Btc(concat([Uint8Array.from(PREFIXES[curve]), secret]))}`

/** Reads what {@link formatPrivateKey} writes; undefined for anything else. */
export function parsePrivateKey(text: string): PrivateKey | undefined {
  if (!text.startsWith('z') || text.length > MAX_MULTIBASE) return undefined
  let bytes: Uint8Array
  try {
    bytes = fromBase58Btc(text.slice(1))
  } catch {
    return undefined
  }
  const curve = (['k256', 'p256'] as const).find(
    (it) => bytes[0] === PREFIXES[it][0] && bytes[1] === PREFIXES[it][1],
  )
  return curve === undefined ? undefined : privateKeyOf(curve, bytes.subarray(2))
}

/** The signature of SHA-256(`bytes`): 64 bytes, low S (atproto, cryptography). */
export const signWith = ({ curve, secret }: PrivateKey, bytes: Uint8Array): Uint8Array =>
  curveOf(curve).sign(bytes, secret, { format: 'compact', lowS: true, prehash: true })
