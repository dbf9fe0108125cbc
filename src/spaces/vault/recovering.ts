import * as v from 'valibot'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { parseSpace } from '../../repo/space/uri.ts'
import { KEY_BYTES } from '../crypto.ts'
import type { RecoveryEntry } from '../keys/list.ts'
import type { SpaceDevice, SpaceKeys } from '../keys/model.ts'
import { seedDevice } from '../keys/recovery-device.ts'
import { linkSigner } from '../links/link-key.ts'
import { bytesOf, readMap } from '../maps.ts'
import { signConsent } from '../members/consent.ts'
import { signOperation } from '../members/operation.ts'
import { SpacesError } from '../errors.ts'
import { membershipHeads } from './epoch-choice.ts'
import { whileMaking } from './forget.ts'
import type { VaultHost } from './host.ts'
import type { SpaceRow } from './model.ts'
import { newcomer, RECOVERING } from './newcomer.ts'
import type { VaultParts } from './parts.ts'
import { createVaultRows } from './rows.ts'
import { AUTHORITY } from './sign-act.ts'
import { keepReadable } from './upkeep.ts'

const MAX_SECRET = 256
const shape = v.strictObject({ seed: bytesOf(KEY_BYTES) })

/**
 * - `waits`: for the members' operations, or for the recovery's device to be found among them
 * - `refused`: the recovery's device was one of a person's, and is no more
 * - `in`: this device is one of the person's now
 */
export type RecoveryStand = 'waits' | 'refused' | 'in'

/** What a recovery has of one space, opened. */
export interface RecoveredSpace extends Pick<RecoveryEntry, 'space' | 'root' | 'title' | 'relays'> {
  /** `recoveredSeed` */
  readonly seed: Uint8Array
  /** `recoveredAuthority`; it is kept only where it is the key of this very space */
  readonly authority: Uint8Array | undefined
}

/**
 * Takes a space up by a recovery: this device makes keys of its own, and acts as the recovery's device until it is one
 * of the person's by itself (`openVault` sees to it). A space that this profile is in already stays as it is, but for
 * an authority's key that it lacks. Durable when it resolves: the row is written last.
 *
 * @throws SpacesError `spaces.join-other` (`root`); StorageError; KeysError
 */
export const takeUpRecovery = (host: VaultHost, from: RecoveredSpace): Promise<SpaceRow> =>
  whileMaking(host, () => takeUp(host, from))

async function takeUp(host: VaultHost, from: RecoveredSpace): Promise<SpaceRow> {
  const { keys, storage } = host
  const { space, root, title, relays, seed, authority } = from
  const rows = createVaultRows(storage)
  const held = await rows.get(space)
  const isMember = held?.state === 'member'
  const isOwners = authority !== undefined && linkSigner(authority).id === parseSpace(space)?.did
  if (isOwners && (await keys.secret(space, AUTHORITY)) === undefined)
    await keys.keepSecret(space, AUTHORITY, authority)
  if (isMember) return held
  // One that was put out does not come back in by itself.
  const { row } = await newcomer(host, held, { space, root, title, relays, person: undefined })
  await keys.keepSecret(space, RECOVERING, encodeDagCbor({ seed: new Uint8Array(seed) }))
  await rows.put(row)
  return row
}

/** The recovery's device, while a space is being recovered here. Throws SpacesError, StorageError. */
export async function standInOf(keys: SpaceKeys, space: string): Promise<SpaceDevice | undefined> {
  const secret = await keys.secret(space, RECOVERING)
  if (secret === undefined) return undefined
  return seedDevice(readMap(secret, shape, 'spaces.invalid', MAX_SECRET).seed, space)
}

export const dropStandIn = (keys: SpaceKeys, space: string): Promise<void> =>
  keys.dropSecret(space, RECOVERING)

export function recoveryStand(
  parts: Pick<VaultParts, 'standIn' | 'role' | 'persons' | 'log'>,
): RecoveryStand | undefined {
  const standIn = parts.standIn()
  if (standIn === undefined) return undefined
  if (parts.role() !== 'none') return 'in'
  if (parts.log.members.state().devices.has(standIn.id)) return 'waits'
  // Once in, and no more: another operation will not bring it back by itself.
  return parts.persons.personOf(standIn.id) === undefined ? 'waits' : 'refused'
}

/**
 * Has the recovery's device make this one its person's, by this one's consent, as soon as the operations are here. The
 * caller has the vault alone.
 *
 * @throws SpacesError `spaces.refused`; MembersError; StorageError
 */
export async function settleRecovering(parts: VaultParts): Promise<void> {
  const { host, space, log, persons } = parts
  const by = parts.standIn()
  if (by === undefined || parts.role() !== 'none' || !log.members.state().devices.has(by.id)) return
  const person = persons.personOf(by.id)
  if (person === undefined) return
  const { id: device, signer, card } = parts.device()
  const consent = await signConsent({ space, by: by.id, person, device }, signer)
  const fields = {
    ...{ space, author: by.id, seq: log.members.nextSeq(by.id), at: host.now() },
    parents: membershipHeads(parts),
    act: { kind: 'device' as const, body: { person, device, consent } },
  }
  const made = await signOperation(fields, by.signer, undefined, host.sha256)
  const { refused } = await log.add({ operations: [made.bytes], cards: [card] })
  const [fault] = refused
  if (fault !== undefined) throw new SpacesError('spaces.refused', { kind: 'device', reason: fault.code })
  persons.refresh()
  parts.effects.members()
}

/** Forgets the recovery's device, once this one is in by itself: see `Vault.actAsSelf`. The caller has the vault alone. */
export async function endRecovery(parts: VaultParts): Promise<boolean> {
  const by = parts.standIn()
  if (by === undefined || parts.role() === 'none') return false
  // From here on this device is to read by itself: what is written next is sealed for it too.
  await keepReadable(parts, true)
  await parts.dropStandIn()
  return true
}
