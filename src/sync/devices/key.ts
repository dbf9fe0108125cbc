import { hasCode } from '../../core/errors.ts'
import { type DeviceKey, loadDeviceKey, loadDeviceKeyBytes } from '../../net/identity/device-key.ts'
import type { Storage } from '../../storage/port.ts'

/** In the table `network`, and the name of the lock under which it is made. */
const KEY = 'device-key'

/**
 * The key that this device is known by, made on first use. Storage that can hold keys themselves holds them as
 * they are, out of reach of any script; other storage gets PKCS #8 bytes. Contexts that start at once end with
 * one key: it is made under a lock that all of them share.
 *
 * @throws StorageError
 */
export function deviceKeyOf(storage: Storage): Promise<DeviceKey> {
  return storage.lock(KEY, { mode: 'exclusive' }, async () => {
    const kept = await storage.get('network', KEY)
    if (kept instanceof Uint8Array) return loadDeviceKeyBytes(storeOf(storage, kept))
    try {
      return await loadDeviceKey(storeOf<CryptoKeyPair>(storage, isPair(kept) ? kept : undefined))
    } catch (error) {
      if (!isNoValue(error)) throw error
      return loadDeviceKeyBytes(storeOf<Uint8Array>(storage, undefined))
    }
  })
}

const storeOf = <T extends CryptoKeyPair | Uint8Array>(storage: Storage, kept: T | undefined) => ({
  load: async () => kept,
  save: (value: T) => storage.write([{ type: 'put', table: 'network', key: KEY, value }]),
})

const isPair = (value: unknown): value is CryptoKeyPair =>
  typeof value === 'object' &&
  value !== null &&
  'publicKey' in value &&
  'privateKey' in value &&
  value.publicKey instanceof CryptoKey &&
  value.privateKey instanceof CryptoKey

/** The storage cannot hold such a value. */
const isNoValue = (error: unknown): boolean =>
  hasCode(error, 'storage.failed') && error.fields['reason'] === 'value'
