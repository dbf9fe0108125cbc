import { toHex } from '../../core/bytes.ts'
import { KEY_BYTES, randomBytes } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import type { SpaceDevice } from '../keys/model.ts'
import type { DeviceOffer } from '../links/device-offer.ts'
import { tellEpochs } from './epoch-rows.ts'
import { currentEpoch } from './epoch-choice.ts'
import { whileMaking } from './forget.ts'
import type { VaultHost } from './host.ts'
import type { SpaceRow } from './model.ts'
import { newcomer } from './newcomer.ts'
import type { VaultParts } from './parts.ts'
import { createVaultRows } from './rows.ts'
import { AUTHORITY } from './sign-act.ts'

export interface OfferOptions {
  /** ms since 1970 */
  readonly expires: number
  /** hand on the authority's key, where it is here */
  readonly withAuthority: boolean
}

/**
 * What this device gives to another of its person's: docs/spaces.md, "Another device of one's own". Once its answer is
 * here and the person has agreed, `acts.addDevice` makes it one, and `learn` takes its card.
 *
 * @throws SpacesError `spaces.no-person`; StorageError
 */
export async function makeDeviceOffer(
  parts: VaultParts,
  { expires, withAuthority }: OfferOptions,
): Promise<DeviceOffer> {
  const { host, space, log } = parts
  const { person, relays } = parts.row()
  const by = parts.device().id
  if (person === undefined || parts.role() === 'none')
    throw new SpacesError('spaces.no-person', { device: by })
  const epoch = currentEpoch(parts)
  const authority = withAuthority ? await host.keys.secret(space, AUTHORITY) : undefined
  return {
    ...{ space, root: log.root, relays, person, by, expires, authority: authority ?? null },
    epoch: epoch === undefined ? null : { name: epoch.epoch, key: epoch.key },
    key: randomBytes(host.random, KEY_BYTES),
  }
}

/**
 * Takes a space up as another device of the offer's person: its keys are made, and the row waits (`asked`) until the
 * first device has made the operation. A space that this profile is in already stays as it is. Durable when it
 * resolves: the row is written last.
 *
 * @throws SpacesError `spaces.join-other` (`root`); StorageError; KeysError
 */
export const takeUpOffer = (
  host: VaultHost,
  offer: DeviceOffer,
  title = '',
): Promise<{ readonly row: SpaceRow; readonly device: SpaceDevice }> =>
  whileMaking(host, () => takeUp(host, offer, title))

async function takeUp(host: VaultHost, offer: DeviceOffer, title: string) {
  const { keys, storage } = host
  const { space, root, relays, person, epoch, authority } = offer
  const rows = createVaultRows(storage)
  const held = await rows.get(space)
  if (held?.state === 'member') return { row: held, device: await keys.device(space) }
  const from = { space, root, relays, person, title: held?.title ?? title }
  const { row, device } = await newcomer(host, held, from)
  if (epoch !== null) await tellEpochs(storage, space, [{ name: toHex(epoch.name), key: epoch.key }])
  if (authority !== null) await keys.keepSecret(space, AUTHORITY, authority)
  await rows.put(row)
  return { row, device }
}
