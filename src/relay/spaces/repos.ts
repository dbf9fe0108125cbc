import { createBlake3Xof } from '../../repo/space/blake3.ts'
import { parseSpaceCommit } from '../../repo/space/commit.ts'
import { createLtHash } from '../../repo/space/lthash.ts'
import { formatSpaceRepo } from '../../repo/space/uri.ts'
import type { SpaceLog } from '../../spaces/log/model.ts'
import { under } from '../../storage/space/rows.ts'
import { createSpaceStore, type SpaceStore } from '../../storage/space/store.ts'
import { StoreError } from '../store/errors.ts'
import type { Store } from '../store/model.ts'

/** Heads judged before other work gets its turn. */
const AT_ONCE = 200

export interface RepoKeeping {
  readonly store: SpaceStore
  /**
   * Drops the repos of a space whose head counts no longer, after its members changed: they stand beyond where their
   * author was stopped. Who holds them up to there brings them again.
   */
  settle(space: string): Promise<void>
}

/** Space repos of all spaces, each commit judged by the log of its space. */
export async function createRepoKeeping(options: {
  readonly store: Store
  readonly reposPerSpace: number
  /** undefined for a space that is not kept */
  readonly logOf: (space: string) => SpaceLog | undefined
}): Promise<RepoKeeping> {
  const { logOf, reposPerSpace } = options
  const { storage, host } = options.store
  const store = createSpaceStore({
    storage,
    sha256: host.sha256,
    ltHash: createLtHash(await createBlake3Xof()),
    async mayWrite(author, { space }, { rev, members }, cid) {
      const log = logOf(space)
      if (log?.members.judge({ author, rev, members, cid }).is !== 'counts') return false
      if ((await store.head(formatSpaceRepo({ space, author }))) !== undefined) return true
      const limit = reposPerSpace
      if ((await storage.count('space-repos', under(`head/${space}`))) < limit) return true
      throw new StoreError('store.quota', { did: space, limit, what: 'repos' })
    },
  })

  /** spaces that are being looked at; true: their members changed since that began */
  const looking = new Map<string, boolean>()

  const settleOnce = async (space: string): Promise<void> => {
    let after: string | undefined
    for (;;) {
      const range = { limit: AT_ONCE, ...(after === undefined ? {} : { after }) }
      const heads = await store.heads(`${space}/`, range)
      const log = logOf(space)
      for (const { repo, head } of heads) {
        const { author, rev, members } = parseSpaceCommit(head.commit)
        const is = log?.members.judge({ author, rev, members, cid: head.cid }).is
        if (is === 'beyond' || is === 'no-role') await store.drop(repo, head.cid)
      }
      after = heads.at(-1)?.repo
      if (heads.length < AT_ONCE) return
    }
  }

  return {
    store,
    async settle(space) {
      if (looking.has(space)) {
        looking.set(space, true)
        return
      }
      try {
        do {
          looking.set(space, false)
          await settleOnce(space)
        } while (looking.get(space) === true)
      } finally {
        looking.delete(space)
      }
    },
  }
}
