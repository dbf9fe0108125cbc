import { SpacesError } from '../errors.ts'
import type { SpaceDevice } from '../keys/model.ts'
import { readRows } from '../log/rows.ts'
import type { VaultHost } from './host.ts'
import type { SpaceRow } from './model.ts'
import type { VaultParts } from './parts.ts'
import { createVaultRows } from './rows.ts'

/** Under what name a join by a link that is not done yet is kept among a space's secrets. */
export const JOIN = 'join'
/** And the seed by which a recovery opens it. */
export const RECOVERING = 'recovering'

/** What whoever takes a space up was given. */
export type TakenUp = Pick<SpaceRow, 'space' | 'root' | 'relays' | 'title' | 'person'>

/**
 * Keys for who takes a space up, and the row that asks. Where this profile was in it before and is out, somebody new
 * asks, and the row remembers what was: that copy stays the person's, whatever becomes of the asking.
 *
 * @throws SpacesError `spaces.join-other` (`root`): what is kept of the space began otherwise; StorageError; KeysError
 */
export async function newcomer(
  { storage, keys, now }: Pick<VaultHost, 'storage' | 'keys' | 'now'>,
  held: SpaceRow | undefined,
  { space, root, relays, title, person }: TakenUp,
): Promise<{ readonly row: SpaceRow; readonly device: SpaceDevice }> {
  // What is kept could be read by nobody any more under another beginning.
  if (held !== undefined && held.root !== root && (await readRows(storage, space, 0)).rows.length > 0)
    throw new SpacesError('spaces.join-other', { reason: 'root' })
  // A device that was put out is let in by nobody's rules but an admin's.
  const isOut = held !== undefined && held.state !== 'asked'
  const device = isOut ? await keys.renew(space) : await keys.device(space)
  const was = held?.was ?? (isOut ? held : undefined)
  const row: SpaceRow = {
    ...{ space, root, relays, title, person },
    device: device.id,
    // The epochs say it.
    hidePast: held?.hidePast ?? false,
    joinedAt: now(),
    state: 'asked',
    former: isOut ? [...held.former, held.device] : (held?.former ?? []),
    ...(was === undefined ? {} : { was }),
  }
  return { row, device }
}

/**
 * Ends what a device link began, and came to nothing. True where the space is again as it was before; false where it was
 * not here, and nothing was done. The vault is closed.
 *
 * @throws StorageError, KeysError
 */
export async function takeBack(
  { storage, keys }: Pick<VaultHost, 'storage' | 'keys'>,
  space: string,
): Promise<boolean> {
  const rows = createVaultRows(storage)
  const row = await rows.get(space)
  if (row?.was !== undefined) {
    await rows.put(row.was)
    await keys.dropSecret(space, JOIN)
    return true
  }
  // A request by a link, or a recovery, goes on waiting.
  const secrets = await Promise.all([JOIN, RECOVERING].map((name) => keys.secret(space, name)))
  if (row === undefined || secrets.every((it) => it === undefined)) return false
  await rows.put({ ...row, person: undefined })
  return true
}

/** The same of a vault that is open; the caller has it alone. */
export async function takeBackHere({ host, space, row, patch, persons, effects }: VaultParts): Promise<void> {
  const { was } = row()
  if (was === undefined) return
  await patch({ ...was, was: undefined })
  await host.keys.dropSecret(space, JOIN)
  persons.refresh()
  effects.members()
}
