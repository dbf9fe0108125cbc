import { createTestKey, type TestKey } from '../../repo/testing/keys.ts'
import { createPrng, type Prng } from '../../repo/testing/prng.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import { importSecret, type Random } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import type { EpochKey } from '../sealing/record.ts'

/** Chance that is the same in each run. */
export const randomFrom = (seed: number): Random => {
  const prng = createPrng(seed)
  return (length) => prng.bytes(length)
}

export interface TestDevice extends SpaceSigner {
  readonly key: TestKey
}

export function createTestDevice(prng: Prng): TestDevice {
  const key = createTestKey(prng, 'p256')
  return { key, id: key.didKey, sign: async (bytes) => key.sign(bytes) }
}

/** A key of an epoch that no map stands behind. */
export const testEpoch = async (fill: number): Promise<EpochKey> => ({
  epoch: new Uint8Array(32).fill(fill),
  secret: await importSecret(new Uint8Array(32).fill(fill + 100)),
})

/** The code, and the reason where there is one; `none` when nothing is thrown. Other errors are thrown on. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    if (!(error instanceof SpacesError)) throw error
    const { reason } = error.fields
    return typeof reason === 'string' ? `${error.code} ${reason}` : error.code
  }
}

/** What stands in a committed file, for `toMatchFileSnapshot`: `vitest -u` writes it anew. */
export const vectorText = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`
