import * as v from 'valibot'
import { toHex } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import { personTag } from '../content/ids.ts'
import { KEY_BYTES } from '../crypto.ts'
import { linkState } from '../links/accept.ts'
import type { Capability } from '../links/capability.ts'
import type { ClosingReason } from '../links/closing.ts'
import { signJoin } from '../links/join.ts'
import { linkSigner } from '../links/link-key.ts'
import { bytesOf, readMap } from '../maps.ts'
import type { JoinFault } from '../members/joins.ts'
import { isLiveLink } from '../members/may-read.ts'
import { commitInner } from './commit.ts'
import { tellEpochs } from './epoch-rows.ts'
import { whileMaking } from './forget.ts'
import type { VaultHost } from './host.ts'
import type { SpaceRow } from './model.ts'
import { JOIN, newcomer } from './newcomer.ts'
import type { VaultParts } from './parts.ts'
import { createVaultRows } from './rows.ts'
import { signAct } from './sign-act.ts'

const MAX_JOIN_SECRET = 4096

const shape = v.strictObject({
  key: bytesOf(KEY_BYTES),
  name: v.string(),
  epoch: v.nullable(bytesOf(KEY_BYTES)),
})
type Joining = v.InferOutput<typeof shape>

/**
 * Takes a space up by a link's capability. Nothing is signed yet: its log has to come first. `openVault` with the row
 * then finds the link in the log, joins, and writes the profile once it can. A space that this profile is in already
 * stays as it is. Durable when it resolves: the row is written last.
 *
 * @throws SpacesError `spaces.join-other` (`root`); StorageError; KeysError
 */
export const joinSpace = (
  host: VaultHost,
  capability: Capability,
  { name }: { readonly name: string },
): Promise<SpaceRow> => whileMaking(host, () => takeUp(host, capability, name))

async function takeUp(host: VaultHost, capability: Capability, name: string): Promise<SpaceRow> {
  const { keys, storage } = host
  const { space, root, title, relays, key, epoch } = capability
  const rows = createVaultRows(storage)
  const held = await rows.get(space)
  if (held?.state === 'member') return held
  const { row } = await newcomer(host, held, { space, root, title, relays, person: undefined })
  if (epoch !== null) await tellEpochs(storage, space, [{ name: toHex(epoch.name), key: epoch.key }])
  const secret: Joining = {
    key: new Uint8Array(key),
    name,
    epoch: epoch === null ? null : new Uint8Array(epoch.name),
  }
  await keys.keepSecret(space, JOIN, encodeDagCbor(secret))
  await rows.put(row)
  return row
}

async function readJoining({ host, space }: VaultParts): Promise<Joining | undefined> {
  const secret = await host.keys.secret(space, JOIN)
  return secret && readMap(secret, shape, 'spaces.join-malformed', MAX_JOIN_SECRET)
}

/**
 * By which a newcomer may ask for what members have, before it is one: the link; once that has ended the device itself,
 * which has asked by then.
 */
export async function joinSigner(parts: VaultParts): Promise<SpaceSigner | undefined> {
  const joining = await readJoining(parts)
  if (joining === undefined) return undefined
  const signer = linkSigner(joining.key)
  const { log, host } = parts
  const own = parts.device()
  const isLive = isLiveLink(log.members.state(), signer.id, host.now())
  return isLive || log.joinOf(own.id) === undefined ? signer : own.signer
}

/**
 * Goes on with a join, as far as what is here allows: whether it is done, or why the link lets nobody in any more,
 * where it ended before this device came. The caller has the vault alone.
 */
export async function settleJoin(
  parts: VaultParts,
): Promise<{ readonly isDone: boolean; readonly fault?: JoinFault | undefined }> {
  const joining = await readJoining(parts)
  if (joining === undefined) return { isDone: true }
  const fault = parts.role() === 'none' ? await askToJoin(parts, joining) : undefined
  return { isDone: parts.role() !== 'none' && (await introduce(parts, joining)), fault }
}

const ENDED: Readonly<Record<ClosingReason, JoinFault>> = {
  revoked: 'closed',
  expired: 'expired',
  'used-up': 'surplus',
}

async function askToJoin(parts: VaultParts, { key, epoch }: Joining): Promise<JoinFault | undefined> {
  const { space, log, host } = parts
  const device = parts.device()
  const signer = linkSigner(key)
  const link = log.members.state().links.find(({ record }) => record.link === signer.id)
  // An author's first operation is its join.
  if (link === undefined || log.members.nextSeq(device.id) > 1) return undefined
  const state = linkState(link.record, link.joins.length, link.closings, host.now())
  if (state !== 'live') return ENDED[state]
  if (!link.mayAdmit) return 'maker'
  const fields = {
    ...{ space, link: signer.id, device: device.id, card: device.card },
    // A clock that is behind would be from before the link.
    at: Math.max(host.now(), link.record.created),
  }
  const join = await signJoin(fields, signer, device.signer)
  await signAct(parts, { kind: 'join', body: { join, epoch } })
  await log.add({ cards: [device.card] })
  parts.persons.refresh()
  await parts.patch({ person: device.id, ...(parts.role() === 'none' ? {} : { state: 'member' }) })
  return undefined
}

/** Says who came, once there is a key that others have too. */
async function introduce(parts: VaultParts, { name }: Joining): Promise<boolean> {
  const { host, space, content, keyring } = parts
  const device = parts.device().id
  const person = parts.persons.personOf(device) ?? device
  if (parts.role() !== 'reader') {
    if (keyring.newestFirst().length === 0) return false
    const edit = { kind: 'profile' as const, id: personTag(person), set: { name } }
    await commitInner(parts, () => content.edit(device, [edit], host.now()))
  }
  await host.keys.dropSecret(space, JOIN)
  return true
}

/** Why this device's join counts for nothing; undefined when it counts, waits, or was not made. */
export function joinFaultOf({ log, device }: Pick<VaultParts, 'log' | 'device'>): JoinFault | undefined {
  for (const { joins, ignored } of log.members.state().links) {
    if (joins.some((it) => it.device === device().id)) return undefined
    const own = ignored.find((it) => it.device === device().id)
    if (own !== undefined) return own.because
  }
  return undefined
}
