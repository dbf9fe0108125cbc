import { verifySignature } from '../../repo/signature.ts'
import type { PlcOperation } from './operation.ts'

/** The directory allows 10 rotation keys; trying more would let one entry cost a lot of time. */
const MAX_ROTATION_KEYS = 10

export type Signer =
  | { readonly key: string; readonly rank: number }
  | { readonly problem: 'signature-malformed' | 'high-s' | 'bad-signature' }

/**
 * The most powerful of `rotationKeys` that signed `operation`. Keys of kinds that we cannot check are
 * passed over: they sign nothing for us.
 */
export async function findSigner(rotationKeys: readonly string[], operation: PlcOperation): Promise<Signer> {
  if (operation.sig === undefined) return { problem: 'signature-malformed' }
  let highS = false
  for (const [rank, key] of rotationKeys.slice(0, MAX_ROTATION_KEYS).entries()) {
    const result = await verifySignature(key, operation.sig, operation.unsignedBytes)
    if (result === 'valid') return { key, rank }
    highS ||= result === 'high-s'
  }
  return { problem: highS ? 'high-s' : 'bad-signature' }
}
