import { p256 } from '@noble/curves/nist.js'
import { deriveBytes, type Parts } from '../crypto.ts'
import { signKeyCard } from '../key-card.ts'
import { linkSigner } from '../links/link-key.ts'
import { agreementOfScalar, pointOf } from './agreement.ts'
import { KeysError } from './errors.ts'
import { createKeyUnwrap } from './hpke.ts'
import type { Recovery, SpaceDevice } from './model.ts'
import { RECOVERY_BYTES } from './words.ts'

const SIGN_TAG = 'cairn.recovery.sign.v1'
const AGREE_TAG = 'cairn.recovery.agree.v1'

/** A recovery's secret, to derive from and for nothing else. Throws KeysError `keys.invalid`. */
export async function importRecovery({ secret }: Recovery): Promise<CryptoKey> {
  if (secret.length !== RECOVERY_BYTES) throw new KeysError('keys.invalid', { what: 'secret' })
  return crypto.subtle.importKey('raw', new Uint8Array(secret), 'HKDF', false, ['deriveKey', 'deriveBits'])
}

/** A private key of P-256: 48 bytes by HKDF, brought into range as FIPS 186-5, A.2.1 does it. */
export async function deriveScalar(secret: CryptoKey, info: Parts): Promise<Uint8Array> {
  return p256.utils.randomSecretKey(await deriveBytes(secret, info, p256.lengths.seed ?? 0))
}

/** The device whose keys come of one secret: the same keys and the same card each time. */
export async function deriveDevice(seed: CryptoKey, space: string): Promise<SpaceDevice> {
  const signer = linkSigner(await deriveScalar(seed, [SIGN_TAG, space]))
  const agree = await agreementOfScalar(await deriveScalar(seed, [AGREE_TAG, space]))
  const card = await signKeyCard({ device: signer.id, key: await pointOf(agree.publicKey) }, signer)
  return { id: signer.id, signer, unwrap: createKeyUnwrap(signer.id, agree), card }
}
