import { fromBase58Btc, toBase58Btc } from '@atcute/multibase'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { concat, fromHex } from '../core/bytes.ts'
import { createRecent } from '../core/recent.ts'
import { verifyK256 } from './k256-verify.ts'
import { verifyP256 } from './p256-verify.ts'

/**
 * Commit and PLC signatures. Spec: atproto "cryptography": ECDSA over SHA-256 on P-256 or K-256,
 * 64 bytes compact, low-S. What a key or a signature is, is looked at here, in one way for every host; P-256 is then
 * checked by the host's own code (`p256-verify.ts`), K-256, which WebCrypto has not, by the pure one.
 */

export type Curve = 'p256' | 'k256'

export interface PublicKey {
  readonly curve: Curve
  /** 33 bytes: a compressed point that is on the curve */
  readonly point: Uint8Array
}

export type SignatureResult = 'valid' | 'invalid' | 'high-s' | 'malformed' | 'unsupported-key'

/** A compact signature: R and S of 32 bytes each. */
const SIGNATURE_BYTES = 64

/**
 * Longest multibase text that is decoded, since base58 costs the square of the length. A prefix and an
 * uncompressed point take under 100 characters.
 */
const MAX_MULTIBASE = 128

/** Multicodec prefixes of public keys, as varints: p256-pub 0x1200, secp256k1-pub 0xe7. */
const PREFIXES: Readonly<Record<Curve, readonly [number, number]>> = {
  p256: [0x80, 0x24],
  k256: [0xe7, 0x01],
}

/** Half of each group's order, rounded down: the largest low S. */
const HALF_ORDERS: Readonly<Record<Curve, Uint8Array>> = {
  p256: order('7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8'),
  k256: order('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0'),
}

function order(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(32)
}

/**
 * Whether `sig` is the signature of SHA-256(`signed`) by the key. `malformed`: not 64 bytes (DER among
 * them), or R or S out of range. `high-s`: S in the upper half, whatever else holds. Never rejects.
 */
export async function verifySignature(
  didKey: string,
  sig: Uint8Array,
  signed: Uint8Array,
): Promise<SignatureResult> {
  const key = knownKey(didKey)
  if (key === undefined) return 'unsupported-key'
  if (sig.length !== SIGNATURE_BYTES) return 'malformed'
  if (isHighS(key.curve, sig)) return 'high-s'
  const ecdsa = key.curve === 'p256' ? p256 : secp256k1
  try {
    // Throws for R or S of zero, and for R not below the order.
    ecdsa.Signature.fromBytes(sig, 'compact')
  } catch {
    return 'malformed'
  }
  const good =
    key.curve === 'p256'
      ? await verifyP256(didKey, key.point, sig, signed)
      : verifyK256(didKey, key.point, sig, signed)
  return good ? 'valid' : 'invalid'
}

/** Keys that were read: that one lies on its curve takes as long to see as a signature by the host's own code. */
const MAX_KEYS = 256
const keys = createRecent<string, PublicKey>(MAX_KEYS)

function knownKey(didKey: string): PublicKey | undefined {
  const known = keys.get(didKey)
  if (known !== undefined) return known
  const key = parseDidKey(didKey)
  if (key !== undefined) keys.set(didKey, key)
  return key
}

function isHighS(curve: Curve, sig: Uint8Array): boolean {
  const half = HALF_ORDERS[curve]
  for (let i = 0; i < half.length; i++) {
    // Both have 32 bytes from here on.
    const difference = (sig[32 + i] as number) - (half[i] as number)
    if (difference !== 0) return difference > 0
  }
  return false
}

/** The key in a `did:key:z…` text; undefined for other curves, forms, and points off the curve. */
export function parseDidKey(didKey: string): PublicKey | undefined {
  if (!didKey.startsWith('did:key:')) return undefined
  const bytes = fromMultibase(didKey.slice('did:key:'.length))
  const curve = bytes === undefined ? undefined : prefixedCurve(bytes)
  if (bytes === undefined || curve === undefined || bytes.length !== 35) return undefined
  return readPoint(curve, bytes.subarray(2))
}

/** The `did:key:z…` text of a key. */
export function formatDidKey(key: PublicKey): string {
  return `did:key:z${toBase58Btc(concat([Uint8Array.from(PREFIXES[key.curve]), key.point]))}`
}

/** The parts of a DID document's verification method that say its key. */
export interface VerificationMethod {
  readonly type: string
  readonly publicKeyMultibase?: string | undefined
}

/**
 * The did:key text of a verification method: `Multikey`, or the forms of 2019 for either curve, whose
 * point may be compressed or not and may have a multicodec prefix or not. Undefined when the key is
 * of no known type, is not what its type says, or is off the curve.
 */
export function multikeyToDidKey(method: VerificationMethod): string | undefined {
  const bytes = fromMultibase(method.publicKeyMultibase ?? '')
  if (bytes === undefined) return undefined
  const expected = TYPES.get(method.type)
  if (expected === undefined) return undefined
  // A bare point has 33 or 65 bytes and a prefixed one 35 or 67, so the length tells them apart.
  const bare = bytes.length === 33 || bytes.length === 65
  const curve = bare ? undefined : prefixedCurve(bytes)
  if (expected === 'any') {
    const key = curve === undefined ? undefined : readPoint(curve, bytes.subarray(2))
    return key === undefined ? undefined : formatDidKey(key)
  }
  if (!bare && curve !== expected) return undefined
  const key = readPoint(expected, bare ? bytes : bytes.subarray(2))
  return key === undefined ? undefined : formatDidKey(key)
}

/** Which curve a verification method's type stands for; the prefix says it for `Multikey`. */
const TYPES: ReadonlyMap<string, Curve | 'any'> = new Map([
  ['Multikey', 'any'],
  ['EcdsaSecp256k1VerificationKey2019', 'k256'],
  ['EcdsaSecp256r1VerificationKey2019', 'p256'],
])

function fromMultibase(text: string): Uint8Array | undefined {
  if (text.length < 2 || text.length > MAX_MULTIBASE || text[0] !== 'z') return undefined
  try {
    return fromBase58Btc(text.slice(1))
  } catch {
    return undefined
  }
}

function prefixedCurve(bytes: Uint8Array): Curve | undefined {
  if (bytes[0] === PREFIXES.p256[0] && bytes[1] === PREFIXES.p256[1]) return 'p256'
  if (bytes[0] === PREFIXES.k256[0] && bytes[1] === PREFIXES.k256[1]) return 'k256'
  return undefined
}

/** A compressed or uncompressed point as a compressed one, once it is proven to be on the curve. */
function readPoint(curve: Curve, bytes: Uint8Array): PublicKey | undefined {
  try {
    const point = (curve === 'p256' ? p256 : secp256k1).Point.fromBytes(bytes)
    return { curve, point: point.toBytes(true) }
  } catch {
    return undefined
  }
}
