import type { Clock } from '../../core/clock.ts'
import type { Sha256 } from '../../core/hash.ts'
import { parseSpaceRepo } from '../../repo/space/uri.ts'
import type { Storage } from '../../storage/port.ts'
import { revoked } from '../packs/empty-answers.ts'
import { type Caller, type PackSource, type PushAsk } from '../packs/model.ts'
import { pushedRepo } from '../packs/push.ts'
import { rejected } from '../packs/push-results.ts'
import type { Gzip } from '../packs/space-gzip.ts'
import { acceptSpacePushes } from '../packs/space-push.ts'
import { spaceSource } from '../packs/space-source.ts'
import type { SpaceAccess } from './access.ts'
import type { SpaceReplica } from './model.ts'

export interface SpacePacksOptions {
  readonly find: (space: string) => SpaceReplica | undefined
  readonly access: Pick<SpaceAccess, 'mayRead'>
  /** where answers to pushes are kept */
  readonly storage: Storage
  readonly sha256: Sha256
  readonly gzip: Gzip
  readonly clock: Clock
  /** a push moved a head */
  readonly onTaken: (repo: string, peer: string) => void
  readonly onFailure?: (event: string, error: unknown) => void
}

/**
 * Packs of all spaces that are kept here, for whoever has proven on this connection that they may read one, and pushes
 * of theirs; over HTTP nobody is known, so nobody is answered. To the pack handler it is one source.
 */
export function createSpacePacks(options: SpacePacksOptions): PackSource {
  const { find, access, sha256, gzip, storage, clock, onTaken, onFailure } = options
  const may = ({ peer }: Caller, repo: string): boolean => peer !== undefined && access.mayRead(peer, repo)
  const sources = new WeakMap<SpaceReplica, PackSource>()

  const make = (replica: SpaceReplica): PackSource => {
    const store = replica.repos
    const mayRead = async (caller: Caller, name: { readonly space: string }): Promise<boolean> =>
      may(caller, name.space)
    return acceptSpacePushes(spaceSource({ store, sha256, gzip, mayRead }), {
      ...{ store, storage, sha256, clock, mayPush: mayRead },
      ...(onFailure === undefined ? {} : { onFailure }),
    })
  }
  const sourceOf = (repo: string): PackSource | undefined => {
    const space = parseSpaceRepo(repo)?.space
    const replica = space === undefined ? undefined : find(space)
    if (replica === undefined) return undefined
    const made = sources.get(replica) ?? make(replica)
    sources.set(replica, made)
    return made
  }
  const push = async (ask: PushAsk, caller: Caller): ReturnType<NonNullable<PackSource['push']>> => {
    const repo = pushedRepo(ask)
    const source = repo === undefined ? undefined : sourceOf(repo)
    if (repo === undefined || source?.push === undefined) return rejected(ask, 'sync.forbidden')
    const answer = await source.push(ask, caller)
    if (answer.status === 'applied') onTaken(repo, caller.peer ?? '')
    return answer
  }
  return {
    owns: (id) => parseSpaceRepo(id) !== undefined,
    pull: async (ask, context) => {
      const source = sourceOf(ask.id)
      return source === undefined ? revoked(ask) : source.pull(ask, context)
    },
    push,
    async chunk(id, scopes, caller) {
      const { repo } = scopes
      return repo === undefined ? undefined : sourceOf(repo)?.chunk?.(id, scopes, caller)
    },
  }
}

/** Lists of what is kept here, for what is handed over by our own wish. */
export const ownSource = (
  replica: SpaceReplica,
  { sha256, gzip }: Pick<SpacePacksOptions, 'sha256' | 'gzip'>,
): PackSource => spaceSource({ store: replica.repos, sha256, gzip, mayRead: async () => true })
