import type { Clock } from '../../core/clock.ts'
import type { SpaceLog } from '../../spaces/log/model.ts'
import type { Storage } from '../../storage/port.ts'
import type { SpaceReplica } from '../../sync/spaces/model.ts'
import type { Log } from '../http/log.ts'
import { LIVED_FOR } from '../store/eviction.ts'
import { StoreError } from '../store/errors.ts'
import type { Store } from '../store/model.ts'
import { giveUp } from './give-up.ts'
import type { SpaceLimits } from './limits.ts'
import { type KeptSpaceRow, putSpaceRow, readKeptSpaces } from './rows.ts'
import { spaceMark } from './tag.ts'

/** A space of which there is a row. */
export interface Kept {
  row: KeptSpaceRow
  /** once its log was read */
  open: { readonly log: SpaceLog; readonly replica: SpaceReplica } | undefined
  opening: Promise<SpaceReplica> | undefined
  /** peers that asked for it and have not given a log yet */
  waiting: number
  /** what is being written to its log */
  readonly adding: Set<Promise<unknown>>
}

/** Which spaces are kept: in memory, and on the disk before it counts. */
export interface Registry {
  get(space: string): Kept | undefined
  all(): Kept[]
  /** Notes a space that someone asks for. Undefined when there is one of this name, or something of one. */
  add(row: KeptSpaceRow): Promise<Kept | undefined>
  write(kept: Kept, change: Partial<KeptSpaceRow>): Promise<void>
  /** Takes it out of sight at once, and off the disk; what others are at work on goes when they are done. */
  drop(kept: Kept): Promise<void>
  /** One place more, if need be that of a space which nobody asked for in 30 days. False when there is none. */
  freePlace(most: number): Promise<boolean>
  /** @throws StoreError `store.not-kept` */
  check(kept: Kept): void
}

export interface RegistryOptions {
  readonly store: Store
  readonly limits: SpaceLimits
  readonly clock: Clock
  readonly log: Log
  readonly inBackground: (event: string, space: string, work: Promise<unknown>) => void
  readonly onDropped: (space: string) => void
}

/** Reads which spaces are kept, and shares the store's room with it. What was being given up goes on going. */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const { store, limits, clock, log, inBackground } = options
  const storage: Storage = store.storage
  const spaces = new Map<string, Kept>()

  const write: Registry['write'] = async (kept, change) => {
    const before = kept.row
    const row: KeptSpaceRow = { ...before, ...change }
    // Writes reach the disk in this order too.
    kept.row = row
    try {
      await storage.write([putSpaceRow(row)])
    } catch (error) {
      if (kept.row === row) kept.row = before
      throw error
    }
  }

  /** @param wait false where room is being made: whoever is at work may be waiting for that room */
  const takeAway = async (kept: Kept, wait: boolean): Promise<void> => {
    const { space } = kept.row
    const isGone = (): void => {
      if (spaces.get(space) === kept) spaces.delete(space)
    }
    await write(kept, { state: 'gone' })
    options.onDropped(space)
    if (wait) await Promise.allSettled(kept.adding)
    if ((await giveUp(storage, space, { wait: false })) === 0) return isGone()
    inBackground('space.drop-failed', space, giveUp(storage, space, { wait: true }).then(isGone))
  }

  const isLapsed = ({ row }: Kept): boolean => clock.now() - row.askedAt > LIVED_FOR
  const isBusy = ({ row, opening, adding }: Kept): boolean =>
    row.state !== 'kept' || opening !== undefined || adding.size > 0

  const evict = async (space: string): Promise<boolean> => {
    const kept = spaces.get(space)
    if (kept === undefined || isBusy(kept)) return false
    const bytes = store.usedBy(space)
    await takeAway(kept, false)
    log('info', 'space.evicted', { space: spaceMark(space), bytes })
    return true
  }

  store.holdSpaces({
    allowance(space) {
      const kept = spaces.get(space)
      return kept === undefined || kept.row.state === 'gone' ? 0 : limits.bytesPerSpace
    },
    candidates: () =>
      [...spaces.values()].map((kept) => ({
        did: kept.row.space,
        bytes: store.usedBy(kept.row.space),
        askedAt: kept.row.askedAt,
        byOperator: false,
        busy: isBusy(kept),
      })),
    evict,
  })

  for (const row of await readKeptSpaces(storage)) {
    const kept = keptOf(row)
    spaces.set(row.space, kept)
    // Nobody had given its log, or it was being given up.
    if (row.state !== 'kept') inBackground('space.drop-failed', row.space, takeAway(kept, true))
  }

  return {
    get: (space) => spaces.get(space),
    all: () => [...spaces.values()],
    async add(row) {
      if (spaces.has(row.space)) return undefined
      const kept = keptOf(row)
      spaces.set(row.space, kept)
      try {
        await write(kept, {})
        return kept
      } catch (error) {
        spaces.delete(row.space)
        throw error
      }
    },
    write,
    async drop(kept) {
      if (spaces.get(kept.row.space) === kept && kept.row.state !== 'gone') await takeAway(kept, true)
    },
    async freePlace(most) {
      if (spaces.size < most) return true
      const [oldest] = [...spaces.values()]
        .filter((it) => isLapsed(it) && !isBusy(it))
        .sort((a, b) => a.row.askedAt - b.row.askedAt)
      return oldest !== undefined && (await evict(oldest.row.space))
    },
    check(kept) {
      if (spaces.get(kept.row.space) !== kept || kept.row.state === 'gone')
        throw new StoreError('store.not-kept', { did: kept.row.space })
    },
  }
}

const keptOf = (row: KeptSpaceRow): Kept => ({
  row,
  open: undefined,
  opening: undefined,
  waiting: 0,
  adding: new Set(),
})
