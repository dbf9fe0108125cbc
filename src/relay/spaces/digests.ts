import type { Storage } from '../../storage/port.ts'
import { type HeadsOf, keptHeads } from '../../sync/digests/kept-heads.ts'
import type { SpaceDigests } from '../../sync/spaces/digests.ts'
import { isSpace } from '../store/eviction.ts'

/** Heads of public repos, for anyone, and of space repos, for who may read their space. */
export function createDigestSources(storage: Storage, spaces: SpaceDigests): SpaceDigests {
  const ofRepos = keptHeads(storage)
  const headsOf: HeadsOf = async (ids) => {
    const [repos, ofSpaces] = [ids.filter((id) => !isSpace(id)), ids.filter(isSpace)]
    const found = new Map(
      [...(await ofRepos(repos)), ...(await spaces.headsOf(ofSpaces))].map((head) => [head?.id, head]),
    )
    return ids.map((id) => found.get(id))
  }
  return {
    mayRead: (peer, id) => !isSpace(id) || spaces.mayRead(peer, id),
    headsOf,
    membersOf: spaces.membersOf,
  }
}
