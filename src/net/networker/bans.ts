import { type Clock, leftOf } from '../../core/clock.ts'
import type { Keeper } from './keeper.ts'
import type { Ban } from './model.ts'

/** Who is refused, and until when. Bounded: the ban that ends first makes way. */
export interface Bans {
  has(peer: string): boolean
  add(ban: Ban): Promise<void>
  remove(peer: string): Promise<void>
  list(): readonly Ban[]
  /** Takes over those of the last session that have not run out, and removes the others. */
  restore(bans: readonly Ban[]): void
}

export function createBans(keeper: Keeper, clock: Clock, limit: number): Bans {
  const bans = new Map<string, Ban>()
  const isOver = ({ until, from }: Ban): boolean => {
    if (until === undefined) return false
    return from === undefined ? until <= clock.now() : leftOf(until - from, from, clock.now()) === 0
  }
  const drop = (peer: string): Promise<void> => {
    bans.delete(peer)
    return keeper.removeBan(peer)
  }
  /** The keeper's promises do not reject. */
  const sweep = (): void => {
    for (const ban of [...bans.values()]) if (isOver(ban)) void drop(ban.peer)
    if (bans.size <= limit) return
    const first = [...bans.values()].sort((a, b) => (a.until ?? Infinity) - (b.until ?? Infinity))
    for (const { peer } of first.slice(0, bans.size - limit)) void drop(peer)
  }
  return {
    has(peer) {
      const ban = bans.get(peer)
      return ban !== undefined && !isOver(ban)
    },
    async add(ban) {
      bans.set(ban.peer, ban)
      const saved = keeper.saveBan(ban)
      sweep()
      await saved
    },
    remove: drop,
    list() {
      sweep()
      return [...bans.values()]
    },
    restore(kept) {
      for (const ban of kept) if (!bans.has(ban.peer)) bans.set(ban.peer, ban)
      sweep()
    },
  }
}
