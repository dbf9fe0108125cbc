import { hasCode } from '../../core/errors.ts'
import { parseSpace } from '../../repo/space/uri.ts'
import type { SpaceLog } from '../../spaces/log/model.ts'
import type { SpaceReplica } from '../../sync/spaces/model.ts'
import type { KeepAsk, Keeping } from '../../sync/spaces/serve.ts'
import { errorFields, type Log } from '../http/log.ts'
import { admitAsker } from '../store/admission.ts'
import { StoreError } from '../store/errors.ts'
import type { Admission, Store } from '../store/model.ts'
import type { SpaceLimits } from './limits.ts'
import { type Kept, openRegistry } from './registry.ts'
import { createRepoKeeping } from './repos.ts'
import { createReplica } from './replica.ts'
import { spaceMark } from './tag.ts'

/** That a space was asked for is written down no more often, ms: one hour is nothing beside 30 days. */
const RENEW_EVERY = 60 * 60_000
/** Spaces that were asked for and whose log nobody has given yet: it comes with the next message. */
const MAX_ASKED = 64

export interface SpaceKeeperOptions {
  readonly store: Store
  readonly admission: Admission
  readonly limits: SpaceLimits
  readonly openLog: (space: string, root: string) => Promise<SpaceLog>
  readonly log: Log
}

/** The spaces that a relay keeps for their members. */
export interface SpaceKeeper {
  /**
   * A space that is kept and whose log has been read; the same object as long as it is. Undefined for one whose log is
   * still to be read, too: it is then read before others.
   */
  find(space: string): SpaceReplica | undefined
  /** Takes a space in, for who may ask for it; it is kept once its log knows the key of who asked. */
  keep(ask: KeepAsk): Promise<Keeping | 'denied' | 'full'>
  /**
   * Gives a space up, for an admin of it or its authority, by the `did:key` that the peer proved to hold.
   *
   * @throws StoreError `store.not-kept`, `store.not-admitted`
   */
  forget(space: string, key: string): Promise<void>
  /** Told when a space is kept no more. */
  onDropped(listener: (space: string) => void): () => void
  usage(): { readonly spaces: number; readonly bytes: number }
  /** Resolves when all logs are read, and nothing goes on in the background. */
  idle(): Promise<void>
  close(): Promise<void>
}

/** Reads which spaces are kept, then their logs one after another, those first that were asked for last. */
export async function createSpaceKeeper(options: SpaceKeeperOptions): Promise<SpaceKeeper> {
  const { store, limits, log } = options
  const { storage } = store
  const { clock } = store.host
  const listeners = new Set<(space: string) => void>()
  const background = new Set<Promise<void>>()
  let closed = false

  const inBackground = (event: string, space: string, work: Promise<unknown>): void => {
    const mine: Promise<void> = work
      .then(
        () => {},
        (error: unknown) => {
          if (!closed) log('warn', event, { space: spaceMark(space), ...errorFields(error) })
        },
      )
      .finally(() => background.delete(mine))
    background.add(mine)
  }

  const registry = await openRegistry({
    ...{ store, limits, clock, log, inBackground },
    onDropped(space) {
      for (const listener of listeners) listener(space)
    },
  })
  const repos = await createRepoKeeping({
    store,
    reposPerSpace: limits.reposPerSpace,
    logOf(space) {
      const kept = registry.get(space)
      return kept?.row.state === 'gone' ? undefined : kept?.open?.log
    },
  })

  const asked = (kept: Kept): void => {
    const { state, askedAt, space } = kept.row
    const now = clock.now()
    if (state !== 'kept' || now - askedAt < RENEW_EVERY || closed) return
    inBackground('space.note-failed', space, registry.write(kept, { askedAt: now }))
  }

  const hasLogRoom = (its: SpaceLog, bytes: number): boolean => {
    const all = registry.all().reduce((sum, { open }) => sum + (open?.log.bytes ?? 0), 0)
    return its.bytes + bytes <= limits.logBytesPerSpace && all + bytes <= limits.logBytes
  }

  const read = async (kept: Kept): Promise<SpaceReplica> => {
    const { space, root } = kept.row
    const its = await options.openLog(space, root)
    const replica = createReplica({
      ...{ log: its, repos: repos.store, storage, clock },
      hasLogRoom: (bytes) => hasLogRoom(its, bytes),
      adding: kept.adding,
      check: () => registry.check(kept),
      onAsked: () => asked(kept),
      onFault: ({ code }) => log('warn', 'space.fault', { space: spaceMark(space), code }),
    })
    its.onChange(() => {
      if (!closed) inBackground('space.settle-failed', space, repos.settle(space))
    })
    kept.open = { log: its, replica }
    return replica
  }
  const opened = (kept: Kept): Promise<SpaceReplica> => {
    if (kept.open !== undefined) return Promise.resolve(kept.open.replica)
    kept.opening ??= read(kept).finally(() => {
      kept.opening = undefined
    })
    return kept.opening
  }

  const readAll = async (): Promise<void> => {
    const all = registry.all().filter(({ row }) => row.state === 'kept')
    for (const kept of all.sort((a, b) => b.row.askedAt - a.row.askedAt)) {
      if (closed) return
      const reading = opened(kept)
      inBackground('space.open-failed', kept.row.space, reading)
      await reading.catch(() => {})
    }
  }
  inBackground('space.open-failed', '', readAll())

  const admit = (ask: KeepAsk): boolean => {
    try {
      const did = parseSpace(ask.space)?.did ?? ''
      admitAsker(options.admission, { peer: ask.peer, token: ask.token }, did, false)
      return true
    } catch (error) {
      if (hasCode(error, 'store.not-admitted')) return false
      throw error
    }
  }

  /** What was asked for with another root, and has no log yet, is in nobody's way: the root may be anyone's word. */
  const isInWay = ({ row, open }: Kept, root: string): boolean =>
    row.state === 'asked' && row.root !== root && open?.log.after([]).length === 0

  /** Room for one more that is asked for; false when there is none. */
  const makePlace = async ({ peer }: KeepAsk): Promise<boolean> => {
    const all = registry.all()
    if (all.filter(({ row }) => row.by === peer).length >= limits.spacesPerPeer) return false
    const waiting = all.filter(({ row }) => row.state === 'asked')
    const [first] = waiting
    if (first !== undefined && waiting.length >= MAX_ASKED) await registry.drop(first)
    return registry.freePlace(limits.spaces)
  }

  /** Until its log knows who asked, whoever asked gives it through this. */
  const keeping = async (kept: Kept, { key }: KeepAsk): Promise<Keeping> => {
    const replica = await opened(kept)
    kept.waiting++
    const add: SpaceReplica['log']['add'] = async (items) => {
      const added = await replica.log.add(items)
      if (kept.row.state === 'asked' && replica.mayRead(key)) {
        await registry.write(kept, { state: 'kept', askedAt: clock.now() })
        log('info', 'space.kept', { space: spaceMark(kept.row.space) })
      }
      return added
    }
    return {
      replica: { ...replica, log: { ...replica.log, add } },
      async abandon() {
        kept.waiting--
        if (kept.row.state === 'asked' && kept.waiting === 0) await registry.drop(kept)
      },
    }
  }

  const keeper: SpaceKeeper = {
    find(space) {
      const kept = registry.get(space)
      if (kept?.row.state !== 'kept') return undefined
      if (kept.open === undefined && kept.opening === undefined && !closed)
        inBackground('space.open-failed', space, opened(kept))
      return kept.open?.replica
    },

    async keep(ask) {
      if (!admit(ask)) return 'denied'
      const { space, root, peer } = ask
      const known = registry.get(space)
      if (known !== undefined && isInWay(known, root)) await registry.drop(known)
      else if (known?.row.state === 'gone') return 'full'
      else if (known !== undefined) return known.row.root === root ? keeping(known, ask) : 'denied'
      if (!(await makePlace(ask))) return 'full'
      const now = clock.now()
      try {
        const row = { space, root, by: peer, firstAt: now, askedAt: now, state: 'asked' } as const
        const kept = await registry.add(row)
        if (kept === undefined) return 'full'
        try {
          return await keeping(kept, ask)
        } catch (error) {
          await registry.drop(kept)
          throw error
        }
      } catch (error) {
        if (hasCode(error, 'store.full')) return 'full'
        // Its authority is no key: there is no such group.
        if (hasCode(error, 'members.wrong-space')) return 'denied'
        throw error
      }
    },

    async forget(space, key) {
      const kept = registry.get(space)
      const state = kept?.open?.log.members.state()
      if (kept === undefined || state === undefined) throw new StoreError('store.not-kept', { did: space })
      if (state.devices.get(key) !== 'admin' && state.authority !== key)
        throw new StoreError('store.not-admitted', { reason: 'not-listed' })
      await registry.drop(kept)
      log('info', 'space.forgotten', { space: spaceMark(space) })
    },

    onDropped(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    usage() {
      const all = registry.all()
      return {
        spaces: all.filter(({ row }) => row.state === 'kept').length,
        bytes: all.reduce((sum, { row }) => sum + store.usedBy(row.space), 0),
      }
    },
    async idle() {
      while (background.size > 0) await Promise.all(background)
    },
    async close() {
      closed = true
      await keeper.idle()
    },
  }
  return keeper
}
