import { hasCode } from '../../core/errors.ts'
import type { AccountStore } from './model.ts'

/** Opened only with the key that lies beside it, out of reach of scripts where the storage can hold keys. */
export interface Sealed {
  readonly nonce: Uint8Array
  readonly bytes: Uint8Array
}

export interface Seal {
  /** false: this storage holds no keys, only bytes (LevelDB); then sealing hides nothing from who can read it */
  readonly holdsKeys: boolean
  /** @param name what it is sealed for: under another it does not open */
  seal(name: string, value: unknown): Promise<Sealed>
  /** undefined when it does not open: another key, another name, a damaged row */
  open(name: string, sealed: Sealed): Promise<unknown>
}

const KEY = 'seal'
const AES = { name: 'AES-GCM', length: 256 } as const
const NONCE_BYTES = 12

/** The seal of this device, made on first use. Tabs that start at once end with one. */
export function openSeal(store: AccountStore): Promise<Seal> {
  return store.lock('account-seal', async () => {
    const kept = await store.get(KEY)
    if (kept instanceof CryptoKey) return sealWith(kept, true)
    if (kept instanceof Uint8Array) return sealWith(await imported(kept), false)
    const key = await crypto.subtle.generateKey(AES, false, ['encrypt', 'decrypt'])
    try {
      await store.write([{ key: KEY, value: key }])
      return sealWith(key, true)
    } catch (error) {
      if (!hasCode(error, 'storage.failed') || error.fields['reason'] !== 'value') throw error
      const bytes = crypto.getRandomValues(new Uint8Array(AES.length / 8))
      await store.write([{ key: KEY, value: bytes }])
      return sealWith(await imported(bytes), false)
    }
  })
}

const imported = (bytes: Uint8Array): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', new Uint8Array(bytes), AES, false, ['encrypt', 'decrypt'])

function sealWith(key: CryptoKey, holdsKeys: boolean): Seal {
  const algorithm = (name: string, nonce: Uint8Array): AesGcmParams => ({
    name: AES.name,
    iv: new Uint8Array(nonce),
    additionalData: new TextEncoder().encode(name),
  })
  return {
    holdsKeys,
    async seal(name, value) {
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
      const plain = new TextEncoder().encode(JSON.stringify(value))
      return { nonce, bytes: new Uint8Array(await crypto.subtle.encrypt(algorithm(name, nonce), key, plain)) }
    },
    async open(name, sealed) {
      try {
        const bytes = new Uint8Array(sealed.bytes)
        const plain = await crypto.subtle.decrypt(algorithm(name, sealed.nonce), key, bytes)
        return JSON.parse(new TextDecoder().decode(plain)) as unknown
      } catch {
        // WebCrypto says no more than that it failed
        return undefined
      }
    },
  }
}
