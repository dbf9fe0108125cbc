import { createSha256 } from '../../../core/hash.ts'
import { encodeDagCbor } from '../../../repo/cbor/encode.ts'
import { createBlake3Xof } from '../../../repo/space/blake3.ts'
import type { SpaceSigner } from '../../../repo/space/commit.ts'
import { createLtHash } from '../../../repo/space/lthash.ts'
import { formatSpaceRepo } from '../../../repo/space/uri.ts'
import { createTestKey } from '../../../repo/testing/keys.ts'
import { createPrng } from '../../../repo/testing/prng.ts'
import type { Storage } from '../../port.ts'
import type { SpaceChange } from '../change.ts'
import type { SpaceHost } from '../host.ts'
import { createSpaceStore, type SpaceStore } from '../store.ts'

export const SPACE = 'at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/space/app.cairn.group/main'

/** A device made from a number: the same number, the same key. */
export function testDevice(seed: number): SpaceSigner & { readonly repo: string } {
  const key = createTestKey(createPrng(seed), 'p256')
  return {
    id: key.didKey,
    repo: formatSpaceRepo({ space: SPACE, author: key.didKey }),
    sign: async (bytes) => key.sign(bytes),
  }
}

async function testHost(storage: Storage, more: Partial<SpaceHost> = {}): Promise<SpaceHost> {
  return {
    storage,
    sha256: await createSha256(),
    ltHash: createLtHash(await createBlake3Xof()),
    mayWrite: async () => true,
    ...more,
  }
}

export const testStore = async (storage: Storage, more?: Partial<SpaceHost>): Promise<SpaceStore> =>
  createSpaceStore(await testHost(storage, more))

export const pathOf = (key: number | string): string => `app.cairn.sealed/k${String(key).padStart(6, '0')}`

/** A record as it looks from outside: bytes in a map. */
export const recordOf = (value: number, size = 20): Uint8Array<ArrayBuffer> => {
  const ct = createPrng(value + 1).bytes(size)
  return encodeDagCbor({ $type: 'app.cairn.sealed', ct, value })
}

export const put = (key: number | string, value: number, size?: number): SpaceChange => ({
  path: pathOf(key),
  bytes: recordOf(value, size),
})
export const remove = (key: number | string): SpaceChange => ({ path: pathOf(key), bytes: undefined })

let clock = 1_790_000_000_000

/** The author's next commit of these changes. */
export const commitOf = (
  store: SpaceStore,
  device: ReturnType<typeof testDevice>,
  changes: readonly SpaceChange[],
): Promise<Uint8Array<ArrayBuffer>> =>
  store.commit(device.repo, { changes, signer: device, members: [], now: clock++ })

/** Path → CID of everything that is kept. */
export async function contentOf(store: SpaceStore, repo: string): Promise<Record<string, string>> {
  const page = await store.page(repo, { after: null, withBytes: false, maxBytes: 1e9, maxRows: 1e9 })
  return Object.fromEntries(page.records.map(({ path, cid }) => [path, cid]))
}
