import type { KeyUnwrap, KeyWrap } from '../epochs/wrap.ts'
import { HPKE_KEY_BYTES } from '../key-card.ts'
import { KeysError } from './errors.ts'

/** Loaded when a key is first wrapped or unwrapped: a space that is only read and written needs none of it. */
async function loadSuite() {
  const { createHpkeSuite, isHpkeError } = await import('./hpke-suite.ts')
  return { suite: createHpkeSuite(), isHpkeError }
}

/**
 * HPKE in base mode, single-shot: each message has a fresh key of its own.
 *
 * `seal` throws KeysError `keys.invalid` for a public key that is no point of P-256.
 */
export function createKeyWrap(): KeyWrap {
  const load = lazy(loadSuite)
  return {
    async seal(key, info, additional, plain) {
      const { suite } = await load()
      const recipientPublicKey = await importPoint(key)
      const params = { recipientPublicKey, info: new Uint8Array(info) }
      const { enc, ct } = await suite.seal(params, new Uint8Array(plain), new Uint8Array(additional))
      return { enc: new Uint8Array(enc), sealed: new Uint8Array(ct) }
    },
  }
}

/** Opens what is sealed for this pair. `device` is the `did:key` of whose pair it is. */
export function createKeyUnwrap(device: string, recipientKey: CryptoKeyPair): KeyUnwrap {
  const load = lazy(loadSuite)
  return {
    device,
    async open({ enc, sealed }, info, additional) {
      const { suite, isHpkeError } = await load()
      // The pair, not the private key alone: its public half could be found only by reading the key out.
      const params = { recipientKey, enc: new Uint8Array(enc), info: new Uint8Array(info) }
      try {
        return new Uint8Array(await suite.open(params, new Uint8Array(sealed), new Uint8Array(additional)))
      } catch (error) {
        if (isHpkeError(error)) return undefined
        throw error
      }
    },
  }
}

const ECDH = { name: 'ECDH', namedCurve: 'P-256' } as const

/** A public key from 65 bytes, uncompressed: the one form of HPKE. WebCrypto refuses what is not on the curve. */
export async function importPoint(point: Uint8Array): Promise<CryptoKey> {
  if (point.length !== HPKE_KEY_BYTES) throw new KeysError('keys.invalid', { what: 'point' })
  try {
    return await crypto.subtle.importKey('raw', new Uint8Array(point), ECDH, true, [])
  } catch (cause) {
    throw new KeysError('keys.invalid', { what: 'point' }, { cause })
  }
}

/** Loads once; a load that failed is tried again. */
function lazy<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
}
