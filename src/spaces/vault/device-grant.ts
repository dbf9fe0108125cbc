import { toHex } from '../../core/bytes.ts'
import { parseSpace } from '../../repo/space/uri.ts'
import { nameBytes } from '../epochs/epoch.ts'
import { type DeviceGrant, MAX_GRANT_EPOCHS } from '../links/device-grant.ts'
import { linkSigner } from '../links/link-key.ts'
import { tellEpochs } from './epoch-rows.ts'
import type { VaultHost } from './host.ts'
import type { VaultParts } from './parts.ts'
import { hidesPast } from './past.ts'
import { AUTHORITY } from './sign-act.ts'

/**
 * What another device of this person is given once the operation that made it one is in the log: keys of epochs (the
 * newest; where the past is hidden those before it too, since no epoch carries them), and the authority's key, where it
 * is here. The caller has the vault alone.
 */
export async function makeDeviceGrant(parts: VaultParts): Promise<DeviceGrant> {
  const { host, space, keyring } = parts
  const newest = keyring.newestFirst().slice(0, hidesPast(parts) ? MAX_GRANT_EPOCHS : 1)
  return {
    epochs: newest.map(({ info, key }) => ({ name: nameBytes(info.name), key })),
    authority: (await host.keys.secret(space, AUTHORITY)) ?? null,
  }
}

/**
 * Keeps what the first device gave. A key that is not the authority of this space is left out. Before the vault is
 * opened. Throws StorageError, KeysError.
 */
export async function takeUpGrant(
  { storage, keys }: Pick<VaultHost, 'storage' | 'keys'>,
  space: string,
  { epochs, authority }: DeviceGrant,
): Promise<void> {
  const told = epochs.map(({ name, key }) => ({ name: toHex(name), key }))
  if (told.length > 0) await tellEpochs(storage, space, told)
  if (authority !== null && linkSigner(authority).id === parseSpace(space)?.did)
    await keys.keepSecret(space, AUTHORITY, authority)
}
