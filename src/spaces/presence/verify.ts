import { p256 } from '@noble/curves/nist.js'
import { parseDidKey } from '../../repo/signature.ts'
import { signedWord, type Word } from './word.ts'

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SHA256 = { name: 'ECDSA', hash: 'SHA-256' } as const
/** Devices whose keys are ready: far more than speak at a time. */
const MAX_KEYS = 256

/**
 * Checks words' signatures. By WebCrypto, since each keystroke of others waits for it: a tenth of what the pure
 * implementation takes. It also takes a signature's other form, with a high S; that is no matter here, where what was
 * said once does not count again.
 */
export function createWordVerifier(): (word: Word) => Promise<boolean> {
  const keys = new Map<string, CryptoKey>()

  async function keyOf(device: string): Promise<CryptoKey | undefined> {
    const kept = keys.get(device)
    keys.delete(device)
    const key = kept ?? (await importDevice(device))
    if (key === undefined) return undefined
    keys.set(device, key)
    const [oldest] = keys.keys()
    if (keys.size > MAX_KEYS && oldest !== undefined) keys.delete(oldest)
    return key
  }

  return async (word) => {
    const key = await keyOf(word.device)
    if (key === undefined) return false
    return crypto.subtle.verify(SHA256, key, new Uint8Array(word.sig), signedWord(word))
  }
}

/** Uncompressed, because WebKit imports no compressed point. */
async function importDevice(device: string): Promise<CryptoKey | undefined> {
  const key = parseDidKey(device)
  if (key === undefined) return undefined
  const point = p256.Point.fromBytes(key.point).toBytes(false)
  return crypto.subtle.importKey('raw', new Uint8Array(point), ECDSA, false, ['verify'])
}
