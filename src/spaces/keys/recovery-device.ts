import { parseSpace } from '../../repo/space/uri.ts'
import { deriveBytes, importSecret, KEY_BYTES, type Random, randomBytes } from '../crypto.ts'
import { deriveDevice, importRecovery } from './derived.ts'
import { KeysError } from './errors.ts'
import { openForRecovery, type RecoveryFinder, sealForRecovery } from './finder.ts'
import type { RecoveryEntry } from './list.ts'
import type { Recovery, SpaceDevice } from './model.ts'

const SEED_TAG = 'cairn.recovery.seed.v1'

/**
 * The device that a recovery is in a space, derived from its secret and the space's URI: for spaces that are here
 * while the secret is.
 *
 * @throws KeysError `keys.invalid`
 */
export async function recoveryDevice(recovery: Recovery, space: string): Promise<SpaceDevice> {
  return seedDevice(await recoveredSeed(recovery, { space, seed: null }), space)
}

/**
 * A recovery device for a space that came after the secret had gone: made of a seed of chance, which is sealed for the
 * recovery and then forgotten. `seed` goes into the list. The device signs its consent now, and can do nothing more
 * before the person recovers.
 *
 * @throws KeysError `keys.invalid`
 */
export async function newRecoveryDevice(
  finder: RecoveryFinder,
  space: string,
  random: Random,
): Promise<{ readonly device: SpaceDevice; readonly seed: Uint8Array<ArrayBuffer> }> {
  checkSpace(space)
  const seed = randomBytes(random, KEY_BYTES)
  const sealed = await sealForRecovery(finder, 'seed', space, seed)
  return { device: await seedDevice(seed, space), seed: sealed }
}

/** The recovery device of an entry of the list, in whichever way it was made. Throws KeysError `keys.sealed-broken`. */
export const recoveredDevice = async (
  recovery: Recovery,
  entry: Pick<RecoveryEntry, 'space' | 'seed'>,
): Promise<SpaceDevice> => seedDevice(await recoveredSeed(recovery, entry), entry.space)

/**
 * What the recovery device of one entry comes of, 32 bytes: all that a device needs to act as it in that space, and in
 * no other. Throws KeysError `keys.sealed-broken`, `keys.invalid`.
 */
export async function recoveredSeed(
  recovery: Recovery,
  { space, seed }: Pick<RecoveryEntry, 'space' | 'seed'>,
): Promise<Uint8Array> {
  if (seed !== null) return openForRecovery(recovery, 'seed', space, seed)
  checkSpace(space)
  return deriveBytes(await importRecovery(recovery), [SEED_TAG, space], KEY_BYTES)
}

/** The device that comes of such a seed: the same keys and the same card each time. */
export const seedDevice = async (seed: Uint8Array, space: string): Promise<SpaceDevice> =>
  deriveDevice(await importSecret(seed), space)

/** The authority's key of an entry, where the person's devices held it. Throws KeysError `keys.sealed-broken`. */
export async function recoveredAuthority(
  recovery: Recovery,
  { space, authority }: Pick<RecoveryEntry, 'space' | 'authority'>,
): Promise<Uint8Array | undefined> {
  return authority === null ? undefined : openForRecovery(recovery, 'authority', space, authority)
}

function checkSpace(space: string): void {
  if (parseSpace(space) === undefined) throw new KeysError('keys.invalid', { what: 'space' })
}
