import type { Sha256 } from '../../core/hash.ts'
import type { SpaceCommit } from '../../repo/space/commit.ts'
import type { LtHash } from '../../repo/space/lthash.ts'
import type { SpaceRepoName } from '../../repo/space/uri.ts'
import type { Storage } from '../port.ts'

/** What keeping space repos needs. */
export interface SpaceHost {
  readonly storage: Storage
  readonly sha256: Sha256
  readonly ltHash: LtHash
  /** whether a commit of this author counts in this repo; asked after its signature was checked. `cid` is the commit's. */
  readonly mayWrite: (
    author: string,
    repo: SpaceRepoName,
    commit: SpaceCommit,
    cid: string,
  ) => Promise<boolean>
}
