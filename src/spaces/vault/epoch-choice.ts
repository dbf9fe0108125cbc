import type { SpaceChange } from '../../storage/space/change.ts'
import { chooseEpoch } from '../epochs/choose.ts'
import { makeEpoch, type OpenEpoch } from '../epochs/keys.ts'
import { epochViewOf } from '../epochs/view.ts'
import { wrapEpoch } from '../epochs/wrap.ts'
import { hidesPast } from './past.ts'
import { deviceTag, epochPath, epochRecord, wrapPath, wrapRecord } from './places.ts'
import type { VaultParts } from './parts.ts'

/** Membership heads that a commit and an epoch have room for. */
const MAX_HEADS = 256

export const membershipHeads = ({ log }: Pick<VaultParts, 'log'>): readonly string[] =>
  [...log.members.state().heads].sort().slice(0, MAX_HEADS)

/** An epoch to seal under, and what has to be in the same commit so that others can open it. */
interface ChosenEpoch {
  readonly epoch: OpenEpoch
  /** undefined for one that is held already */
  readonly made: Uint8Array<ArrayBuffer> | undefined
  readonly changes: readonly SpaceChange[]
}

/** The epoch that this device seals under now, as far as there is one. Throws as `chooseEpoch`. */
export function currentEpoch({ log, keyring, device }: VaultParts): OpenEpoch | undefined {
  const choice = chooseEpoch(device().id, keyring.held(), epochViewOf(log.members))
  return choice.kind === 'use' ? choice.epoch : undefined
}

/**
 * The epoch to seal under, made when there is none, with the records that lack in the repos: its own, and a wrap for
 * each listed device that has access and a card. With `fresh` a new one is made though there is one. Throws SpacesError
 * `spaces.removed` for a device without access.
 */
export async function readyEpoch(parts: VaultParts, fresh = false): Promise<ChosenEpoch> {
  const { space, log, keyring, host } = parts
  const device = parts.device()
  const view = epochViewOf(log.members)
  const choice = chooseEpoch(device.id, keyring.held(), view)
  if (choice.kind === 'use' && !fresh) {
    return { epoch: choice.epoch, made: undefined, changes: await lacking(parts, [choice.epoch]) }
  }
  const { recipients, parents } =
    choice.kind === 'use' ? { recipients: view.access, parents: [choice.epoch] } : choice
  const { bytes, epoch } = await makeEpoch(
    { space, recipients, parents, members: membershipHeads(parts), hidePast: hidesPast(parts) },
    device.signer,
    host.random,
  )
  const record: SpaceChange = { path: epochPath(epoch.info.name), bytes: epochRecord(bytes) }
  const changes = [record, ...(await wrapsOf(parts, epoch)), ...(await lacking(parts, parents))]
  return { epoch, made: bytes, changes }
}

/** The other devices of this one's person: no epoch gives them keys from before they came where the past is hidden. */
function ownOthers(parts: VaultParts): readonly string[] {
  const own = parts.device().id
  const person = parts.persons.personOf(own)
  if (person === undefined || !hidesPast(parts)) return []
  const { devices = [] } = parts.log.members.state().persons.get(person) ?? {}
  return devices.filter((it) => it !== own)
}

/** Wraps for devices that are listed or one's own, have access and a card, and have none in any repo that counts. */
async function wrapsOf(parts: VaultParts, epoch: OpenEpoch): Promise<SpaceChange[]> {
  const { log, keyring, host } = parts
  const access = log.members.state().devices
  const own = new Set(ownOthers(parts))
  const rules = { isRemoved: (it: string) => !access.has(it), isOwn: (it: string) => own.has(it) }
  const changes: SpaceChange[] = []
  for (const recipient of new Set([...epoch.info.recipients, ...own])) {
    const card = access.has(recipient) ? log.card(recipient) : undefined
    if (card === undefined || keyring.hasWrap(epoch.info.name, recipient)) continue
    const wrap = await wrapEpoch(epoch, card, rules, host.keys.wrap)
    const path = wrapPath(epoch.info.name, deviceTag(recipient, host.sha256))
    changes.push({ path, bytes: wrapRecord(wrap) })
  }
  return changes
}

/**
 * What these epochs lack in the repos: one whose maker's repo went back to an older head is put into ours, since what
 * others sealed under it stays.
 */
export async function lacking(
  parts: VaultParts,
  epochs: readonly OpenEpoch[],
): Promise<readonly SpaceChange[]> {
  const { keyring } = parts
  const changes: SpaceChange[] = []
  for (const epoch of epochs) {
    const { name } = epoch.info
    const bytes = keyring.lies(name) ? undefined : keyring.bytes(name)
    if (bytes !== undefined) changes.push({ path: epochPath(name), bytes: epochRecord(bytes) })
    changes.push(...(await wrapsOf(parts, epoch)))
  }
  return changes
}
