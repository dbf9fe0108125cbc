import { CairnError } from '../../core/errors.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import { createActs } from './acts.ts'
import { makeDeviceGrant } from './device-grant.ts'
import { makeDeviceOffer } from './device-offer.ts'
import { founderOf } from './founder.ts'
import { settleFrozen } from './frozen.ts'
import type { VaultHost } from './host.ts'
import { adoptNewIdentity, formerSelf, settleFormer } from './identity.ts'
import { joinFaultOf, joinSigner, settleJoin } from './joining.ts'
import { createVaultLinks } from './links.ts'
import type { JoinFault } from '../members/joins.ts'
import type { OpenedRecord, SpaceRow, Vault, VaultPlace } from './model.ts'
import { takeBackHere } from './newcomer.ts'
import { openParts } from './open.ts'
import { createOpenEpochs } from './open-epochs.ts'
import { endRecovery, recoveryStand, settleRecovering } from './recovering.ts'
import { createSeen } from './seen.ts'
import { authoritySigner, signAct } from './sign-act.ts'
import { settleStanding } from './standing.ts'
import { unsentItems } from './unsent.ts'
import { keepReadable } from './upkeep.ts'
import { createWriter } from './writer.ts'

/**
 * Opens a space that is kept here: loads its log and keys, and opens all that is written in it. Close it before its
 * storage.
 *
 * @throws StorageError; KeysError; SpacesError `spaces.no-keys`
 */
export async function openVault(host: VaultHost, row: SpaceRow): Promise<Vault> {
  const parts = await openParts(host, row)
  const { log, repos, effects, persons, content, alone, keyring } = parts
  let isDirty = true
  let isClosed = false
  let linkFault: JoinFault | undefined
  /** others know of this device, as far as there is another as which it would have to tell them */
  let isKnown = row.former.length === 0
  /** nothing is left of a join */
  let isIn = false
  /** what others can read was looked after for this log and these keys */
  let kept = ''
  const seen = createSeen(parts)
  const writer = createWriter(parts, seen)

  /** What follows from operations and cards that entered; nothing when none did. */
  async function afterLog(): Promise<void> {
    if (!isDirty || isClosed) return
    isDirty = false
    persons.refresh()
    effects.members()
    await settleFrozen(parts)
    await settle(false)
  }

  /** Brings everything that follows from the rest in step; what fails is tried again with the next change. */
  async function settle(make: boolean): Promise<void> {
    try {
      await settleStanding(parts)
      await settleRecovering(parts)
      if (!isIn) {
        const { isDone, fault } = await settleJoin(parts)
        isIn = isDone
        linkFault = isDone ? fault : (joinFaultOf(parts) ?? fault)
        const isInVain = linkFault !== undefined && parts.role() === 'none'
        if (isInVain && parts.row().was !== undefined) {
          await takeBackHere(parts)
          isIn = true
        }
      }
      await settleFormer(parts)
      const basis = `${log.bytes} ${keyring.turn} ${parts.role()}`
      if (make || basis !== kept) await keepReadable(parts, make)
      kept = `${log.bytes} ${keyring.turn} ${parts.role()}`
    } catch (error) {
      if (!(error instanceof CairnError)) throw error
      effects.ignored({ code: error.code, device: parts.device().id, fields: error.fields })
    }
    await settleStanding(parts)
    effects.tell()
  }

  const stop = log.onChange(() => {
    isDirty = true
    // Whoever changed the log may wait for it too; here nobody does, and it is tried again with the next change.
    alone(afterLog).catch((error: unknown) => {
      isDirty = true
      const { code, fields } = error instanceof CairnError ? error : new CairnError('app.unexpected')
      effects.ignored({ code, device: parts.device().id, fields })
    })
  })

  try {
    await repos.load()
    await alone(afterLog)
  } catch (error) {
    stop()
    throw error
  }

  const act: Vault['act'] = async (it) => {
    const cid = await alone(() => signAct(parts, it))
    await alone(afterLog)
    await alone(() => settle(true))
    return cid
  }

  return {
    get row() {
      return parts.row()
    },
    log,
    state: () => log.members.state(),
    content,
    repos: parts.spaceHost,
    store: parts.store,
    persons,
    device: parts.device,
    role: parts.role,
    async edit(edits) {
      await writer.edit(edits)
      if (edits.some(({ kind }) => kind === 'space')) await alone(() => settleStanding(parts))
    },
    write: writer.write,
    read: (places) =>
      alone(async () => {
        const found = new Map<VaultPlace, Uint8Array>()
        for (const [device, asked] of Map.groupBy(places, (place) => place.device)) {
          const values = (await repos.books().get(device)?.read(asked)) ?? []
          for (const [index, value] of values.entries()) {
            const place = asked[index]
            if (place !== undefined && value !== undefined) found.set(place, value)
          }
        }
        return found
      }),
    list: (collection, prefix) =>
      alone(async () => {
        const found: OpenedRecord[] = []
        for (const [device, book] of repos.books()) {
          const places = book.list(collection, prefix)
          for (const [index, value] of (await book.read(places)).entries()) {
            const place = places[index]
            if (place !== undefined && value !== undefined) found.push({ device, ...place, value })
          }
        }
        return found
      }),
    act,
    acts: createActs(parts, act),
    links: createVaultLinks(parts, act),
    async learn(items) {
      const added = await log.add(items)
      await alone(afterLog)
      return added
    },
    moved: (author) =>
      alone(async () => {
        await repos.catchUp(author)
        if (!repos.books().has(author)) await settleFrozen(parts)
        await settle(false)
      }),
    epochs: createOpenEpochs(parts),
    joinFault: () => joinFaultOf(parts) ?? linkFault,
    adoptNewIdentity: async (sent) => {
      const known = sent === 'nothing' ? undefined : (sent ?? (await seen.ownHead()))
      await alone(() => adoptNewIdentity(parts, known))
      isKnown = false
      await alone(afterLog)
      await alone(() => settle(true))
    },
    unsentItems: (sent) => alone(() => unsentItems(parts, sent)),
    founder: () => founderOf(parts),
    deviceGrant: () => alone(() => makeDeviceGrant(parts)),
    deviceOffer: (options) => alone(() => makeDeviceOffer(parts, options)),
    publishSeen: seen.publish,
    judgeSeen: seen.judge,
    isOwner: async () => (await authoritySigner(parts)) !== undefined,
    recovery: () => recoveryStand(parts),
    actsAsSelf: () => isKnown && parts.standIn() === undefined,
    actAsSelf: () =>
      alone(async () => {
        isKnown = true
        return parts.standIn() === undefined || endRecovery(parts)
      }),
    async prover(): Promise<SpaceSigner> {
      const other = parts.standIn() ?? (isKnown ? undefined : await formerSelf(parts))
      if (other !== undefined) return other.signer
      const own = parts.device().signer
      return parts.role() === 'none' ? ((await joinSigner(parts)) ?? own) : own
    },
    onIgnored: effects.onIgnored,
    onChange: effects.onChange,
    async close() {
      isClosed = true
      stop()
      await alone(async () => {})
    },
  }
}
