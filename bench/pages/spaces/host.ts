import { createSha256 } from '../../../src/core/hash.ts'
import { createBlake3Xof } from '../../../src/repo/space/blake3.ts'
import { createLtHash } from '../../../src/repo/space/lthash.ts'
import { createSpaceKeys } from '../../../src/spaces/keys/space-keys.ts'
import type { VaultHost } from '../../../src/spaces/vault/host.ts'
import { openIndexedDb } from '../../../src/storage/indexeddb/open.ts'
import type { Storage } from '../../../src/storage/port.ts'

export const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

/** The same storage, which does not wait for the disk: for what is made before the clock starts. */
export const hasty = (storage: Storage): Storage => ({
  ...storage,
  write: (ops, options) => storage.write(ops, { ...options, durability: 'relaxed' }),
})

/** What vaults need, over a database of this name; the product's own without one. */
export async function vaultHost(
  name?: string,
  wrap: (storage: Storage) => Storage = (storage) => storage,
): Promise<VaultHost> {
  const storage = wrap(await openIndexedDb(name === undefined ? {} : { name }))
  return {
    ...{ storage, random },
    sha256: await createSha256(),
    ltHash: createLtHash(await createBlake3Xof()),
    keys: createSpaceKeys({ storage }),
    now: () => Date.now(),
  }
}
