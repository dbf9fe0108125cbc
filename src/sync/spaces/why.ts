import { equalBytes } from '../../core/bytes.ts'
import { hasCode } from '../../core/errors.ts'
import type { Timers } from '../../core/timers.ts'
import type { SpaceClient } from './client.ts'
import { SpaceSyncError } from './errors.ts'
import { haveOf, pagesOf, unpackCids } from './log-page.ts'
import type { SpaceReplica } from './model.ts'
import type { RequestOf } from './protocol.ts'

/**
 * Between one who has no access and one who says so. Who was removed is told by which operations, so that it need not
 * believe it; who joined, and of whom nobody here has heard, gives its join.
 */

/** Pages that one is told: a log of the most operations, each as long as most are, is some 64. */
const MAX_PAGES = 256
/** What ended one key's access is looked for so often in a {@link WINDOW}: all who come by a link have its key. */
const LOOKS = 8
/** ms */
const WINDOW = 1000
/** Keys of which this is counted. */
const MAX_COUNTED = 1024

export interface WhyAnswer {
  readonly operations: readonly Uint8Array[]
  readonly more: boolean
  /** the key may read, by now */
  readonly in: boolean
}

/** What one who asks is told over one stream, after one proof. */
export interface Telling {
  /** what is still to be told, parents first; undefined before it was looked for, and where nothing is told */
  left: readonly string[] | undefined
  /** it was looked for: once for each proof */
  isAsked: boolean
}

/** Undefined: this key is told nothing. */
export type Whys = (
  replica: SpaceReplica,
  key: string,
  request: RequestOf<'why'>,
  telling: Telling,
) => Promise<(WhyAnswer & { readonly changed: boolean }) | undefined>

/** What one node tells those who may not read. */
export function createWhys(timers: Timers): Whys {
  const looks = new Map<string, number>()
  const lookUp = (
    { log, space }: SpaceReplica,
    key: string,
    have: Uint8Array,
  ): readonly string[] | undefined => {
    const name = `${space} ${key}`
    const before = looks.get(name) ?? 0
    if (before >= LOOKS || (before === 0 && looks.size >= MAX_COUNTED)) return undefined
    const found = log.endingOf(key, unpackCids(have))
    if (found === undefined) return undefined
    looks.set(name, before + 1)
    if (before === 0) timers.after(WINDOW, () => looks.delete(name))
    return found
  }
  return async (replica, key, { have, join }, telling) => {
    let changed = false
    if (!telling.isAsked) {
      telling.isAsked = true
      if (join !== undefined && !replica.mayRead(key)) changed = await knock(replica, key, join)
      if (!replica.mayRead(key)) telling.left = lookUp(replica, key, have)
    }
    if (replica.mayRead(key)) return { operations: [], more: false, in: true, changed }
    const { left } = telling
    const page = left && pagesOf(replica.log, left, []).next().value
    if (left === undefined || page === undefined) return undefined
    telling.left = left.slice(page.operations.length)
    return { operations: page.operations, more: !page.isLast, in: false, changed }
  }
}

async function knock({ log }: SpaceReplica, key: string, join: Uint8Array): Promise<boolean> {
  const before = log.digest()
  try {
    await log.knock(key, join)
  } catch (error) {
    // Without room for it there is nobody in by it.
    if (hasCode(error, 'store.full') || hasCode(error, 'store.quota') || hasCode(error, 'storage.quota'))
      return false
    throw error
  }
  return !equalBytes(before, log.digest())
}

/**
 * Asks one who did not let us in why, and takes in what it tells; true when it lets us in now. Whoever has nothing to
 * tell, or does not know the question, says no once more: that is no failure.
 *
 * @throws NetError, StorageError
 */
export async function askWhy(
  client: Pick<SpaceClient, 'why'>,
  { log }: SpaceReplica,
  own: string,
): Promise<boolean> {
  try {
    let join = log.joinOf(own)
    for (let page = 0; page < MAX_PAGES; page++) {
      const { operations, more, in: isIn } = await client.why(haveOf(log), join)
      join = undefined
      if (isIn) return true
      if (operations.length > 0) await log.add({ operations })
      if (!more || operations.length === 0) return false
    }
  } catch (error) {
    if (!(error instanceof SpaceSyncError)) throw error
  }
  return false
}
