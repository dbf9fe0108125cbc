import type { HeadWord } from '../digests/digest.ts'
import { createLimit } from '../packs/limit.ts'
import type { SpaceClient } from './client.ts'
import { headsOfSpace } from './heads.ts'
import { MAX_OFFER } from './protocol.ts'
import { pushRepo } from './push.ts'
import type { RoundHost } from './round.ts'

/** Lists made at once: each may be some MB. */
const AT_ONCE = 4

/** Hands a store what it lacks: as lists of what changed where it has an older head, else by having it fetch. */
export async function handOver(host: RoundHost, client: SpaceClient): Promise<void> {
  const { replica, standing, signal } = host
  const theirs = standing.theirs ?? new Map<string, HeadWord>()
  const ours = await headsOfSpace(replica.repos, replica.space)
  const lacking = [...ours.values()].filter(({ id, rev, commit }) => {
    const there = theirs.get(id)
    return (there === undefined || there.rev < rev) && standing.unwanted.get(id) !== commit
  })
  const left = await push(host, lacking)
  for (let i = 0; i < left.length; i += MAX_OFFER) {
    signal.throwIfAborted()
    const some = left.slice(i, i + MAX_OFFER)
    const { taken, failed } = await client.offer(some.map(({ id }) => id))
    const isTaken = new Set(taken)
    const isFailed = new Set(failed.map(({ repo }) => repo))
    for (const head of some) {
      if (isTaken.has(head.id)) theirs.set(head.id, head)
      // As long as nothing changes it would be refused again.
      else if (isFailed.has(head.id)) standing.unwanted.set(head.id, head.commit)
    }
  }
}

/** Pushes what can be; gives those that the store is to fetch. */
export async function push(host: RoundHost, heads: readonly HeadWord[]): Promise<HeadWord[]> {
  const { replica, standing, source, clientId, line, signal } = host
  const turns = createLimit(AT_ONCE, Number.POSITIVE_INFINITY)
  const left: HeadWord[] = []
  const one = async (head: HeadWord): Promise<void> => {
    signal.throwIfAborted()
    const has = standing.theirs?.get(head.id)
    const pushed =
      has === undefined
        ? undefined
        : await pushRepo({
            ...{ store: replica.repos, source, clientId, has },
            client: await line.packs(),
            repo: head.id,
          })
    if (pushed === undefined) left.push(head)
    else standing.theirs?.set(head.id, { id: head.id, rev: pushed.rev, commit: pushed.commit })
  }
  const all = await Promise.allSettled(heads.map(async (head) => turns.run(() => one(head))))
  for (const it of all) if (it.status === 'rejected') throw it.reason
  return left
}
