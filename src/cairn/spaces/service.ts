import { createBlake3Xof } from '../../repo/space/blake3.ts'
import { createLtHash } from '../../repo/space/lthash.ts'
import { createSpaceKeys } from '../../spaces/keys/space-keys.ts'
import { foundSpace } from '../../spaces/vault/found.ts'
import type { SpaceRow } from '../../spaces/vault/model.ts'
import { createVaultRows } from '../../spaces/vault/rows.ts'
import type { Service, Standing } from '../network/create.ts'
import type { Spaces } from '../spaces-api.ts'
import type { OwnSpaces } from './asked.ts'
import { accountActions } from './accounts.ts'
import { contentActions } from './content-actions.ts'
import { copyActions } from './copies.ts'
import { deviceLinkActions } from './device-links.ts'
import { forgetSpace, sweepSpaces } from './forget.ts'
import { importSpace } from './import.ts'
import { linkActions } from './link-actions.ts'
import { memberActions } from './member-actions.ts'
import { type OpenSpace, openSpace } from './open-space.ts'
import type { SpacesNet } from '../network/spaces-net.ts'
import { quietly, type SpacesContext, type SpacesParts } from './parts.ts'
import { presenceActions } from './presence-actions.ts'
import { recoveryActions } from './recovery.ts'
import { createRecoveryRows } from './recovery-row.ts'
import { spaceNotFound } from './errors.ts'
import { detailOf, summaryOf } from './summary.ts'

/** Stores are given so long to forget a space, ms. */
const FORGET_WITHIN = 10_000

/** The spaces while this context leads. */
export type LedSpaces = Omit<Spaces, keyof OwnSpaces>

/** What the groups of actions get of the spaces that are open. */
export interface OpenSpaces {
  readonly context: SpacesContext
  /** Opens it, unless it is open. Throws `spaces.not-here`. */
  use(space: string): Promise<OpenSpace>
  rows(): Promise<readonly SpaceRow[]>
  /** A row is new: it is opened, and the network hears of it. */
  added(row: SpaceRow): Promise<OpenSpace>
  close(space: string): Promise<void>
}

/** Runs the spaces of the leading context: whether or not there is a network. */
export async function startSpaces(parts: SpacesParts): Promise<Standing> {
  const { host, emit } = parts
  const { storage, sha256, clock } = host
  const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
  let net: SpacesNet | undefined
  let stopSync = (): void => {}
  const context: SpacesContext = {
    ...parts,
    random,
    recovery: await createRecoveryRows(storage, () => emit({ type: 'spaces' })),
    net: () => net,
    vaults: {
      ...{ storage, sha256, random },
      ltHash: createLtHash(await createBlake3Xof()),
      keys: createSpaceKeys({ storage }),
      now: () => clock.now(),
    },
  }
  const rows = createVaultRows(storage)
  const open = new Map<string, Promise<OpenSpace>>()
  const opened = new Map<string, OpenSpace>()

  const begin = async (row: SpaceRow): Promise<OpenSpace> => {
    const it = await openSpace(context, row, () => reopen(row.space))
    opened.set(row.space, it)
    net?.sync.join(it.replica)
    links.watch(it)
    quietly(it.markSent())
    return it
  }
  const added = (row: SpaceRow): Promise<OpenSpace> => {
    const found = open.get(row.space) ?? begin(row)
    open.set(row.space, found)
    found.catch(() => open.delete(row.space))
    return found
  }
  const spaces: OpenSpaces = {
    context,
    rows: () => rows.list(),
    added,
    async use(space) {
      const found = open.get(space)
      if (found !== undefined) return found
      const row = await rows.get(space)
      if (row === undefined) throw spaceNotFound(space)
      return added(row)
    },
    async close(space) {
      const it = await open.get(space)
      open.delete(space)
      opened.delete(space)
      await net?.sync.leave(space)
      await it?.close()
    },
  }

  const reopen = async (space: string): Promise<void> => {
    await spaces.close(space)
    await spaces.use(space)
    emit({ type: 'space', space })
  }

  /** Who forgets a space that nobody else is in takes it from the stores too: nobody could ask for it again. */
  const leaveStores = async (space: string): Promise<void> => {
    const it = opened.get(space)
    const sync = net?.sync
    if (it === undefined || sync === undefined || it.vault.role() !== 'admin') return
    if (it.vault.state().persons.size > 1) return
    await sync.leave(space)
    await sync.forgetAtStores(it.replica, AbortSignal.timeout(FORGET_WITHIN))
  }

  const links = linkActions(spaces)
  const recovery = recoveryActions(spaces)
  const deviceLinks = deviceLinkActions(spaces)
  const api: LedSpaces = {
    ...contentActions(spaces),
    ...memberActions(spaces),
    ...accountActions(spaces),
    ...links.api,
    ...presenceActions(spaces),
    ...copyActions(spaces),
    ...recovery.api,
    ...deviceLinks.api,
    async list() {
      const all = await Promise.all((await rows.list()).map((row) => added(row)))
      const summaries = await Promise.all(all.map((it) => summaryOf(it, net)))
      return summaries.sort((a, b) => b.changedAt - a.changedAt)
    },
    async get(space) {
      if ((await rows.get(space)) === undefined) return undefined
      return detailOf(await spaces.use(space), net)
    },
    async create({ title, name, hidePast = false }) {
      const relays = net?.relays() ?? [parts.app]
      const row = await foundSpace(context.vaults, { title, name, hidePast, relays })
      const it = await added(row)
      emit({ type: 'spaces' })
      quietly(recovery.enrol(it))
      return summaryOf(it, net)
    },
    async forget(space) {
      if ((await rows.get(space)) === undefined) throw spaceNotFound(space)
      // One that does not open, or end, is forgotten all the same.
      await leaveStores(space).catch(() => {})
      await spaces.close(space).catch(() => {})
      await forgetSpace(context, space)
      emit({ type: 'spaces' })
    },
    async import(file, options) {
      const it = await importSpace(spaces, file, options)
      emit({ type: 'spaces' })
      quietly(recovery.enrol(it))
      return summaryOf(it, net)
    },
  }

  // Before anything is founded or joined; what cannot be deleted now is not seen either.
  await sweepSpaces(context).catch(() => {})
  // One after another: each is read whole.
  const openAll = async (): Promise<void> => {
    for (const row of await rows.list()) await added(row).catch(() => {})
  }
  quietly(openAll())

  return {
    api,
    async connected(service: Service | undefined) {
      stopSync()
      stopSync = () => {}
      net = service?.spaces
      if (net === undefined) return
      const { sync } = net
      stopSync = sync.onChange((space) => {
        const it = opened.get(space)
        if (it !== undefined) {
          quietly(it.markSent())
          quietly(it.actAsSelf())
        }
        emit({ type: 'space', space })
      })
      sync.words.onWord((space, word, { peer }) =>
        quietly(opened.get(space)?.presence.receive(word, peer) ?? Promise.resolve()),
      )
      for (const it of opened.values()) sync.join(it.replica)
      net.whenCatchingUp(async () => {
        for (const row of await rows.list()) {
          const { space } = await added(row)
          await sync.look(space)
        }
      })
      quietly(links.settle())
      quietly(deviceLinks.settle())
      quietly(recovery.settle())
    },
    async close() {
      stopSync()
      links.close()
      deviceLinks.close()
      for (const space of [...open.keys()]) await spaces.close(space).catch(() => {})
    },
  }
}
