import {
  openRecoveryNote,
  RECOVERY_NOTE,
  type RecoveryNote,
  sealRecoveryNote,
} from '../../spaces/keys/recovery-note.ts'
import { SpacesError } from '../../spaces/errors.ts'
import type { OpenSpace } from './open-space.ts'
import type { SpacesContext } from './parts.ts'
import { retiredBy } from './recovery-row.ts'
import { selfOf } from './summary.ts'

type Context = Pick<SpacesContext, 'recovery' | 'vaults' | 'host'>

/** Whether what changed in a space may be another device's word about a recovery. */
export const isAboutRecovery = (change: {
  readonly members: boolean
  readonly records: readonly { readonly collection: string }[]
}): boolean => change.members || change.records.some(({ collection }) => collection === RECOVERY_NOTE)

/**
 * Takes up what other devices of this person say in a space about a recovery; true when this device knew of none, or of
 * an older one. Of two the one that was confirmed later counts.
 *
 * @throws StorageError
 */
export async function hearOfRecovery({ recovery, host }: Context, it: OpenSpace): Promise<boolean> {
  const { vault, space } = it
  const own = vault.device()
  // A device that was removed is none of this person's any more, whatever it said before.
  const others = new Set(vault.state().persons.get(selfOf(vault))?.devices)
  let isNews = false
  for (const { device: by, rkey, value } of await vault.list(RECOVERY_NOTE, own.id)) {
    if (rkey !== own.id || by === own.id || !others.has(by)) continue
    const note = await openRecoveryNote({ space, by }, value, own.unwrap).catch(unlessTheirs)
    if (note === undefined) continue
    const before = await recovery.read()
    // A clock that is ahead makes no words newer than those that are made from now on.
    const confirmedAt = Math.min(note.confirmedAt, host.clock.now())
    const isSame = before?.finder.place === note.finder.place
    // The same may name a device that was not known.
    if (!isSame && before !== undefined && confirmedAt <= before.confirmedAt) continue
    const device = note.device === null ? [] : [note.device]
    const known = isSame ? before.devices : []
    if (isSame && device.every((each) => known.includes(each))) continue
    isNews ||= !isSame
    await recovery.write({
      ...(isSame
        ? before
        : {
            ...{ finder: note.finder, confirmedAt, at: [], byOther: true },
            retired: retiredBy(before),
            gone: before?.gone ?? [],
            // What relays keep is merged into it.
            list: { counter: 1, at: host.clock.now(), spaces: [] },
          }),
      devices: [...new Set([...known, ...device])],
      told: [...(isSame ? (before.told ?? []) : []), toldKey(space, by)],
    })
  }
  return isNews
}

/** Tells the other devices of this person in a space of the recovery, each once. Throws StorageError, KeysError. */
export async function tellOfRecovery({ recovery, vaults }: Context, it: OpenSpace): Promise<void> {
  const { vault, space } = it
  const row = await recovery.read()
  // A reader writes nothing that counts.
  if (row === undefined || vault.role() === 'none' || vault.role() === 'reader') return
  const own = vault.device().id
  const devices = vault.state().persons.get(selfOf(vault))?.devices ?? []
  const device = devices.find((each) => row.devices.includes(each)) ?? null
  const told = new Set(row.told)
  // Whoever has older words learns nothing of the new ones.
  const words = new Set([...row.devices, ...(row.retired ?? [])])
  for (const other of devices) {
    const card = vault.log.card(other)
    const name = toldKey(space, other)
    if (other === own || words.has(other) || card === undefined || told.has(name)) continue
    const note: RecoveryNote = { finder: row.finder, confirmedAt: row.confirmedAt, device }
    const value = await sealRecoveryNote({ space, by: own }, card, note, vaults.keys.wrap)
    await vault.write([{ collection: RECOVERY_NOTE, rkey: other, value }])
    told.add(name)
    await recovery.write({ ...row, told: [...told] })
  }
}

const toldKey = (space: string, device: string): string => `${space} ${device}`

/** What another version, or a broken device, wrote says nothing. */
function unlessTheirs(error: unknown): undefined {
  if (error instanceof SpacesError) return undefined
  throw error
}
