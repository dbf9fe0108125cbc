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
import { listSpaces } from './list.ts'
import { linkActions } from './link-actions.ts'
import { memberActions } from './member-actions.ts'
import { openSpace, type OpenSpace } from './open-space.ts'
import { createOpenedSpaces, type OpenedSpaces } from './opened.ts'
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
export interface OpenSpaces extends Pick<OpenedSpaces<OpenSpace>, 'use' | 'whileClosed'> {
  readonly context: SpacesContext
  rows(): Promise<readonly SpaceRow[]>
  /** Each space that opens, one after another: one that does not keeps no other from it. */
  each(): AsyncIterable<OpenSpace>
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
  const opened = createOpenedSpaces({
    rowOf: rows.get,
    open: (row) => openSpace(context, row, () => reopen(row.space)),
    onOpen(it) {
      net?.sync.join(it.replica)
      links.watch(it)
      recovery.watch(it)
      quietly(it.markSent())
    },
    onClose: async (space) => net?.sync.leave(space),
  })
  const { use, whileClosed } = opened
  const each = async function* (): AsyncGenerator<OpenSpace> {
    for (const { space } of await rows.list()) {
      const it = await use(space).catch(() => undefined)
      if (it !== undefined) yield it
    }
  }
  const spaces: OpenSpaces = { context, rows: () => rows.list(), use, whileClosed, each }

  const reopen = async (space: string): Promise<void> => {
    await whileClosed(space, async () => {})
    await use(space)
    emit({ type: 'space', space })
  }

  /** Who forgets a space that nobody else is in takes it from the stores too: nobody could ask for it again. */
  const leaveStores = async (space: string): Promise<void> => {
    const it = opened.find(space)
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
      return listSpaces(await rows.list(), use, net)
    },
    async get(space) {
      if ((await rows.get(space)) === undefined) return undefined
      return detailOf(await use(space), net)
    },
    async create({ title, name, hidePast = false }) {
      const relays = net?.relays() ?? [parts.app]
      const row = await foundSpace(context.vaults, { title, name, hidePast, relays })
      const it = await use(row.space)
      emit({ type: 'spaces' })
      quietly(recovery.enrol(it))
      return summaryOf(it, net)
    },
    async forget(space) {
      if ((await rows.get(space)) === undefined) throw spaceNotFound(space)
      await leaveStores(space).catch(() => {})
      await whileClosed(space, () => forgetSpace(context, space))
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
    for (const { space } of await rows.list()) await use(space).catch(() => {})
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
        const it = opened.find(space)
        if (it !== undefined) {
          quietly(it.markSent())
          quietly(it.caughtUp())
        }
        emit({ type: 'space', space })
      })
      sync.words.onWord((space, word, { peer }) =>
        quietly(opened.find(space)?.presence.receive(word, peer) ?? Promise.resolve()),
      )
      for (const it of opened.all()) sync.join(it.replica)
      net.whenCatchingUp(async () => {
        for await (const { space } of each()) await sync.look(space)
      })
      quietly(links.settle())
      quietly(deviceLinks.settle())
      quietly(recovery.settle())
    },
    async close() {
      stopSync()
      links.close()
      deviceLinks.close()
      await opened.close()
    },
  }
}
