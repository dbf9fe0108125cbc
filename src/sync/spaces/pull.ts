import { CairnError, hasCode } from '../../core/errors.ts'
import { SyncError } from '../errors.ts'
import type { PackClient } from '../packs/client.ts'
import { createLimit } from '../packs/limit.ts'
import type { PullAsk } from '../packs/model.ts'
import { takeSpace } from '../packs/space-sync.ts'
import type { SpaceGiver, SpaceTaken, SpaceTaker } from '../packs/space-take.ts'

/** Repos asked for in one round trip, and taken in at once. */
const ASKED_TOGETHER = 200
const TAKEN_TOGETHER = 8

/** What came of asking one peer for some repos. */
export interface Pulled {
  /** repos whose head moved */
  readonly moved: readonly string[]
  /** repos of which it has nothing newer */
  readonly current: readonly string[]
  /** repos that it says it does not give */
  readonly revoked: readonly string[]
  readonly failed: ReadonlyMap<string, CairnError>
}

/**
 * Takes what a peer has newer of some repos: all are asked for in one round trip, and those that come in pages go on by
 * themselves. A repo that fails holds up no other.
 *
 * @throws NetError, PackWireError, as `PackClient.pull`, when the peer cannot be asked at all; `check`'s; StorageError
 */
export async function pullRepos(
  taker: SpaceTaker,
  client: PackClient,
  repos: readonly string[],
  options: {
    readonly check: () => void
    /** a head moved */
    readonly onMoved: (repo: string) => void
    /** compare indexes, though lists could be given */
    readonly compare?: boolean
  },
): Promise<Pulled> {
  const { check, onMoved, compare = false } = options
  const { peer } = client
  const giver: SpaceGiver = { peer, chunk: (id, scopes) => client.chunk(id, scopes) }
  const moved: string[] = []
  const current: string[] = []
  const revoked: string[] = []
  const failed = new Map<string, CairnError>()
  const turns = createLimit(TAKEN_TOGETHER, Number.POSITIVE_INFINITY)

  const goOn = (repo: string): ReturnType<typeof takeSpace> =>
    takeSpace(
      taker,
      repo,
      {
        ...giver,
        async pull(ask) {
          const answer = (await client.pull([ask])).answers.get(repo)
          if (answer === undefined) throw new SyncError('sync.peer-failed', { peer, did: repo })
          return answer
        },
      },
      { check, compare },
    )
  const takeOne = async (
    ask: PullAsk,
    answer: Parameters<SpaceTaker['take']>[1] | undefined,
  ): Promise<void> => {
    const repo = ask.id
    try {
      let taken: SpaceTaken = answer === undefined ? { kind: 'more' } : await first(ask, answer)
      if (taken.kind === 'more') taken = await goOn(repo)
      if (taken.kind === 'revoked') revoked.push(repo)
      if (taken.kind === 'nothing') current.push(repo)
      if (taken.kind !== 'moved') return
      moved.push(repo)
      onMoved(repo)
    } catch (error) {
      // What the peer sent is about this repo; whatever else fails, fails for all.
      if (!isOfRepo(error)) throw error
      failed.set(repo, error)
    }
  }
  const first = async (ask: PullAsk, answer: Parameters<SpaceTaker['take']>[1]): Promise<SpaceTaken> => {
    try {
      return await taker.take(ask, answer, giver)
    } catch (error) {
      if (hasCode(error, 'space.busy') || hasCode(error, 'space.chunk-gone')) return { kind: 'more' }
      throw error
    }
  }

  for (let i = 0; i < repos.length; i += ASKED_TOGETHER) {
    check()
    const some = repos.slice(i, i + ASKED_TOGETHER)
    const asks = await Promise.all(some.map((repo) => taker.ask(repo, peer, { compare })))
    const { answers } = await client.pull(asks)
    check()
    const all = await Promise.allSettled(
      asks.map(async (ask) => turns.run(() => takeOne(ask, answers.get(ask.id)))),
    )
    for (const it of all) if (it.status === 'rejected') throw it.reason
  }
  return { moved, current, revoked, failed }
}

/** The repo's own trouble: what was sent, or whether its author may write. */
function isOfRepo(error: unknown): error is CairnError {
  if (!(error instanceof CairnError)) return false
  return !['net.', 'storage.', 'store.', 'sync.cancelled'].some((room) => error.code.startsWith(room))
}
