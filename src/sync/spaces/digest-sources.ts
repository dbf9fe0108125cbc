import { parseSpace, parseSpaceRepo } from '../../repo/space/uri.ts'
import type { Storage } from '../../storage/port.ts'
import { type HeadsOf, keptHeads } from '../digests/kept-heads.ts'
import type { SpaceDigests } from './digests.ts'

const isSpace = (id: string): boolean => parseSpace(id) !== undefined || parseSpaceRepo(id) !== undefined

/** What `serveDigests` answers from where both are kept: heads of public repos, and those of space repos. */
export function digestSources(
  storage: Storage,
  spaces: SpaceDigests,
  mayReadRepo: (peer: string, did: string) => boolean | Promise<boolean> = () => true,
): {
  readonly mayRead: (peer: string, id: string) => boolean | Promise<boolean>
  readonly headsOf: HeadsOf
  readonly membersOf: SpaceDigests['membersOf']
} {
  const ofRepos = keptHeads(storage)
  return {
    mayRead: (peer, id) => (isSpace(id) ? spaces.mayRead(peer, id) : mayReadRepo(peer, id)),
    async headsOf(ids) {
      const [repos, inSpaces] = [ids.filter((id) => !isSpace(id)), ids.filter(isSpace)]
      const heads = [...(await ofRepos(repos)), ...(await spaces.headsOf(inSpaces))]
      const found = new Map(heads.map((head) => [head?.id, head]))
      return ids.map((id) => found.get(id))
    },
    membersOf: spaces.membersOf,
  }
}
