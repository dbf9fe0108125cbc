import { hasCode } from '../../core/errors.ts'
import type { Subscription } from '../../pack/model.ts'
import type { PullAsk } from './model.ts'
import type { SpaceGiver, SpaceTaken, SpaceTaker } from './space-take.ts'

/** A peer that answers asks for one repo at a time. */
export interface SpaceAnswerer extends SpaceGiver {
  pull(ask: PullAsk): Promise<Subscription>
}

export interface TakeSpaceOptions {
  /** compare indexes, though a list could be given: for a repo whose list did not come out */
  readonly compare?: boolean
  /** asked before each round; throws to break off */
  readonly check?: () => void
}

/** A chunk that was made and is gone is made again, but not for ever. */
const MAX_GONE = 3

/**
 * Asks one peer until it has nothing more to give: a list, or page after page and then the list. Each page is
 * durable, so that the next call goes on where this one broke off, with this peer or another.
 *
 * Throws what `take` throws, and what asking does.
 */
export async function takeSpace(
  taker: SpaceTaker,
  repo: string,
  from: SpaceAnswerer,
  { compare = false, check = () => {} }: TakeSpaceOptions = {},
): Promise<Exclude<SpaceTaken, { kind: 'more' }>> {
  let gone = 0
  for (;;) {
    check()
    const ask = await taker.ask(repo, from.peer, { compare })
    const answer = await from.pull(ask)
    try {
      const taken = await taker.take(ask, answer, from)
      if (taken.kind !== 'more') return taken
      gone = 0
    } catch (error) {
      if (!hasCode(error, 'space.chunk-gone') || ++gone >= MAX_GONE) throw error
    }
  }
}
