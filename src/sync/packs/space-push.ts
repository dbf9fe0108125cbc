import type { Clock } from '../../core/clock.ts'
import { CairnError } from '../../core/errors.ts'
import type { Sha256 } from '../../core/hash.ts'
import { compareRev } from '../../core/tid.ts'
import type { Change, PushedCommit } from '../../pack/model.ts'
import { isRow } from '../../pack/values.ts'
import { parseSpaceCommit, spaceCommitCid } from '../../repo/space/commit.ts'
import { SpaceError } from '../../repo/space/errors.ts'
import { parseSpaceRepo, type SpaceRepoName } from '../../repo/space/uri.ts'
import type { Storage } from '../../storage/port.ts'
import type { SpaceChange } from '../../storage/space/change.ts'
import type { SpaceStore } from '../../storage/space/store.ts'
import { answerPushes } from './answer-pushes.ts'
import { cursorOf } from './cursor.ts'
import { type Caller, COMMIT_TABLE, type PackSource, type PushAsk, RECORD_COLUMN } from './model.ts'
import { type PushErrorCode, rejected, taken } from './push-results.ts'
import { createPushRows } from './push-rows.ts'
import type { PushedChanges } from './push.ts'

export interface SpacePushOptions {
  readonly store: SpaceStore
  /** where answers are kept, so that a push that is sent again is answered alike */
  readonly storage: Storage
  readonly sha256: Sha256
  readonly clock: Clock
  /** Whether someone may hand in commits of a repo; whose commit counts is the store's `mayWrite`. */
  readonly mayPush: (caller: Caller, repo: SpaceRepoName) => Promise<boolean>
  /** a head moved */
  readonly onTaken?: (repo: string) => void
  readonly onFailure?: (event: string, error: unknown) => void
}

/**
 * The same source, which takes pushed commits of space repos that are kept: each is proven as if it had been
 * pulled. One that does not follow the head that is kept is not taken (`sync.base_missing`): it is to be pulled.
 */
export function acceptSpacePushes(source: PackSource, options: SpacePushOptions): PackSource {
  const { store, sha256, mayPush, onFailure = () => {}, onTaken = () => {} } = options
  const rows = createPushRows(options.storage, sha256, options.clock)

  const attempt = async (ask: PushAsk, pushed: PushedChanges, caller: Caller): Promise<PushedCommit> => {
    const { repo, base, commit } = pushed
    const { rev } = parseSpaceCommit(commit)
    const commitSeq = cursorOf(rev)
    if (commitSeq === undefined) return rejected(ask, 'sync.invalid_request')
    const head = await store.head(repo)
    if (head === undefined) return rejected(ask, 'sync.not_kept')
    const name = { rev, commit: spaceCommitCid(commit, sha256) }
    // What was taken, and then replaced, was taken.
    if (await store.wasHeld(repo, name)) return taken(ask, 'cached', commitSeq)
    if (compareRev(rev, head.rev) > 0 && base.commit !== head.cid) return rejected(ask, 'sync.base_missing')
    await store.apply(repo, { commit, changes: changesOf(pushed.changes), from: caller.peer ?? '' })
    onTaken(repo)
    return taken(ask, 'applied', commitSeq)
  }

  return answerPushes(
    source,
    rows,
    {
      async mayPush(repo, caller) {
        const name = parseSpaceRepo(repo)
        if (name === undefined) return 'sync.invalid_request'
        // What is kept is nobody's business who may not push.
        return (await mayPush(caller, name)) ? undefined : 'sync.forbidden'
      },
      take: attempt,
      codeOf,
    },
    onFailure,
  )
}

/** The records among the changes: `readPush` has seen to their form. */
function changesOf(changes: readonly Change[]): SpaceChange[] {
  const records = changes.filter(({ table }) => table !== COMMIT_TABLE)
  return records.map(({ table, rowId, row }) => {
    const bytes = row !== null && isRow(row) ? row[RECORD_COLUMN] : undefined
    return { path: `${table}/${rowId}`, bytes: bytes instanceof Uint8Array ? bytes : undefined }
  })
}

/** What a push was refused for, in the words of an answer. */
function codeOf(error: unknown): PushErrorCode {
  if (!(error instanceof CairnError)) return 'runtime.internal'
  switch (error.code) {
    case 'space.rollback':
      return 'sync.stale_rev'
    case 'space.equivocation':
      return 'sync.equivocation'
    // Who may write can change with what is heard of the members.
    case 'space.not-allowed':
      return 'sync.unproven'
    case 'space.busy':
    case 'storage.conflict':
      return 'runtime.busy'
    case 'store.full':
    case 'store.quota':
    case 'storage.quota':
      return 'runtime.limit_exceeded'
    case 'space.hash-mismatch':
    case 'space.bad-signature':
    case 'space.key-unsupported':
      return 'sync.integrity_rejected'
    default:
      return error instanceof SpaceError ? 'sync.invalid_request' : 'runtime.internal'
  }
}
