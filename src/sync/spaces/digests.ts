import type { HeadsOf } from '../digests/kept-heads.ts'
import { parseSpaceRepo } from '../../repo/space/uri.ts'
import type { SpaceAccess } from './access.ts'
import { headsOfSpace } from './heads.ts'
import type { SpaceReplica } from './model.ts'

/** What `serveDigests` needs to answer for spaces too: heads of their repos, and a space as a group of them. */
export interface SpaceDigests {
  readonly mayRead: (peer: string, id: string) => boolean
  /** those of space repos; all else is undefined, for another source to say */
  readonly headsOf: HeadsOf
  readonly membersOf: (group: string, peer: string) => Promise<readonly string[] | undefined>
}

export function createSpaceDigests(
  find: (space: string) => SpaceReplica | undefined,
  access: Pick<SpaceAccess, 'mayRead'>,
): SpaceDigests {
  return {
    mayRead: (peer, id) => access.mayRead(peer, id),
    headsOf: (ids) =>
      Promise.all(
        ids.map(async (id) => {
          const space = parseSpaceRepo(id)?.space
          const head = space === undefined ? undefined : await find(space)?.repos.head(id)
          return head && { id, rev: head.rev, commit: head.cid }
        }),
      ),
    async membersOf(group, peer) {
      const replica = access.mayRead(peer, group) ? find(group) : undefined
      return replica && [...(await headsOfSpace(replica.repos, group)).keys()]
    },
  }
}
