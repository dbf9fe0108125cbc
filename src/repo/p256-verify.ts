import { p256 } from '@noble/curves/nist.js'
import { createRecent } from '../core/recent.ts'

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SHA256 = { name: 'ECDSA', hash: 'SHA-256' } as const
/** Keys that are ready: more than sign at a time. */
const MAX_KEYS = 256

const keys = createRecent<string, Promise<CryptoKey | undefined>>(MAX_KEYS)

/**
 * Whether a signature on P-256 is that of SHA-256(`signed`). By the host's own code where it has any: a tenth of what
 * the pure one takes, and in another thread. Both say the same of whatever has its form (`testing/p256-agreement.ts`);
 * its form, and a low S, are the caller's to check.
 *
 * @param name of the key: the same name, the same key
 * @param point compressed, on the curve
 * @param sig R and S, each in range
 */
export async function verifyP256(
  name: string,
  point: Uint8Array,
  sig: Uint8Array,
  signed: Uint8Array,
): Promise<boolean> {
  const key = await keyOf(name, point)
  if (key === undefined) return verifyPure(point, sig, signed)
  // Copies: what is given may lie in memory that is shared.
  return crypto.subtle.verify(SHA256, key, new Uint8Array(sig), new Uint8Array(signed))
}

export const verifyPure = (point: Uint8Array, sig: Uint8Array, signed: Uint8Array): boolean =>
  p256.verify(sig, signed, point, { format: 'compact', lowS: true, prehash: true })

function keyOf(name: string, point: Uint8Array): Promise<CryptoKey | undefined> {
  const known = keys.get(name)
  if (known !== undefined) return known
  const key = importKey(point)
  keys.set(name, key)
  return key
}

/** Undefined where the host has no such code, as outside secure contexts. */
async function importKey(point: Uint8Array): Promise<CryptoKey | undefined> {
  try {
    // Uncompressed, because WebKit imports no compressed point.
    const long = new Uint8Array(p256.Point.fromBytes(point).toBytes(false))
    return await crypto.subtle.importKey('raw', long, ECDSA, false, ['verify'])
  } catch {
    return undefined
  }
}
