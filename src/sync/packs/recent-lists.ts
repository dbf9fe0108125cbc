import { copyRange } from '../../core/bytes.ts'
import type { Subscription } from '../../pack/model.ts'

/** An answer, and about how many bytes its list takes in a pack: 0 where it is no list, which is not kept. */
export interface Made {
  readonly subscription: Subscription | undefined
  readonly bytes: number
}

/**
 * Lists as they were made last. Who follows a repo has the head that everyone else who follows it has, and asks the
 * same at the same time: what was made for one, or is being made, is given to all.
 */
export interface RecentLists {
  /** The list of this name, made by `make` where it is not here; one that cannot be made is made anew by the next. */
  of(name: string, make: () => Promise<Made>): Promise<Made>
}

/** @param room bytes of lists that are kept; one that takes more than half of it is not */
export function createRecentLists(room: number): RecentLists {
  // In the order in which they were last asked for.
  const lists = new Map<string, { readonly list: Promise<Made>; bytes: number }>()
  let held = 0

  const drop = (name: string): void => {
    held -= lists.get(name)?.bytes ?? 0
    lists.delete(name)
  }
  const keep = (name: string, made: Made, subscription: Subscription): void => {
    const { bytes } = made
    lists.set(name, { list: Promise.resolve({ ...made, subscription: apart(subscription) }), bytes })
    held += bytes
    for (const oldest of lists.keys()) {
      if (held <= room) return
      drop(oldest)
    }
  }

  return {
    async of(name, make) {
      const found = lists.get(name)
      if (found !== undefined) {
        lists.delete(name)
        lists.set(name, found)
        return found.list
      }
      const list = make()
      const mine = { list, bytes: 0 }
      lists.set(name, mine)
      try {
        const made = await list
        const { subscription, bytes } = made
        if (lists.get(name) !== mine) return made
        if (subscription !== undefined && bytes > 0 && bytes <= room / 2) keep(name, made, subscription)
        else drop(name)
        return made
      } catch (error) {
        if (lists.get(name) === mine) drop(name)
        throw error
      }
    },
  }
}

/** With records of their own: they were read in runs of bytes that are several times as long. */
function apart(subscription: Subscription): Subscription {
  const own = (row: unknown): unknown =>
    typeof row !== 'object' || row === null
      ? row
      : Object.fromEntries(
          Object.entries(row).map(([name, value]: [string, unknown]) => [
            name,
            value instanceof Uint8Array ? copyRange(value, 0, value.length) : value,
          ]),
        )
  return {
    ...subscription,
    commits: subscription.commits.map((commit) => ({
      ...commit,
      // the same rows, with the same columns
      changes: commit.changes.map((change) => ({ ...change, row: own(change.row) as typeof change.row })),
    })),
  }
}
