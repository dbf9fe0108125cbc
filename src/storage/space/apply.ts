import { formatTid, parseTid } from '../../core/tid.ts'
import { signSpaceCommit, type SpaceSigner } from '../../repo/space/commit.ts'
import { SpaceError } from '../../repo/space/errors.ts'
import { spaceRepoOf } from '../../repo/space/uri.ts'
import type { WriteOp } from '../port.ts'
import { type CheckedChange, checkChanges, type SpaceChange } from './change.ts'
import type { SpaceHost } from './host.ts'
import {
  checkHash,
  forgetting,
  headGuard,
  headOps,
  isAhead,
  type ProvenCommit,
  proveCommit,
  proveOwnCommit,
} from './next-head.ts'
import { readRows, readState } from './read.ts'
import { type Move, moveOps } from './order.ts'
import { keep, SELF, type SpaceHeadRow, type SpaceRecordRow, takeKey } from './rows.ts'
import { createTally, live, type Tally } from './tally.ts'

export interface ApplyOptions {
  /** the signed commit, and all that changed since the head */
  readonly commit: Uint8Array
  readonly changes: readonly SpaceChange[]
  /** who gave them */
  readonly from: string
  /** where the chain of packs stands then */
  readonly chain?: string
}

/** What a repo would be with some changes. */
interface Draft {
  readonly tally: Tally
  /** without the rev, which is not known yet */
  readonly moves: readonly Move[]
  /** writes beside those of rows */
  readonly ops: readonly WriteOp[]
}

/** The changes over what is kept; those that change nothing are left out. */
async function draft(
  host: SpaceHost,
  repo: string,
  head: SpaceHeadRow | undefined,
  changes: readonly CheckedChange[],
): Promise<Draft> {
  const paths = changes.map(({ path }) => path)
  const [state, rows] = await Promise.all([
    head && readState(host.storage, repo),
    readRows(host.storage, repo, paths),
  ])
  const tally = createTally(host.ltHash, head && state && { ...head, state })
  const moves: Move[] = []
  const ops: WriteOp[] = []
  for (const [index, change] of changes.entries()) {
    const from = rows[index]
    const { cid, bytes, path } = change
    if (live(from)?.cid === cid) continue
    const kept = cid === undefined || bytes === undefined ? undefined : keep(repo, path, cid, bytes)
    const to: SpaceRecordRow = kept?.row ?? { deleted: true, since: '' }
    tally.replace(path, from, to)
    moves.push({ path, from, to })
    ops.push(...(kept?.ops ?? []))
  }
  return { tally, moves, ops }
}

async function write(
  host: SpaceHost,
  repo: string,
  head: SpaceHeadRow | undefined,
  { tally, moves, ops: beside }: Draft,
  proven: ProvenCommit,
  more: { readonly from: string; readonly chain: string | undefined },
): Promise<void> {
  const since = proven.commit.rev
  const seen = moves.map((it): Move => ({ ...it, to: { ...it.to, since } }))
  const [forgotten, moved] = await Promise.all([
    forgetting(host.storage, repo, head),
    moveOps(host.storage, repo, seen),
  ])
  const ops: WriteOp[] = [
    ...forgotten.ops,
    ...moved,
    ...beside,
    // What was staged was over the head that now goes.
    { type: 'delete', table: 'space-repos', key: takeKey(repo) },
    ...headOps(repo, {
      head,
      tally,
      proven,
      chain: more.chain,
      givers: [more.from],
      merge: false,
      forgotten,
    }),
  ]
  await host.storage.write(ops, { guards: [headGuard(repo, head)] })
}

/**
 * Takes a commit with all that changed since the head, in one write. False when it is the head already. The caller
 * holds the repo's lock alone, and gives the head. Whatever is thrown, nothing has changed.
 *
 * Throws what `proveCommit`, `isAhead` and `checkChanges` throw, `space.hash-mismatch`, and a `StorageError`.
 */
export async function applyCommit(
  host: SpaceHost,
  repo: string,
  head: SpaceHeadRow | undefined,
  options: ApplyOptions,
): Promise<boolean> {
  const proven = await proveCommit(host, repo, options.commit)
  if (!(await isAhead(host.storage, repo, head, proven))) return false
  const drafted = await draft(host, repo, head, checkChanges(options.changes, host.sha256))
  checkHash(host, repo, drafted.tally, proven)
  await write(host, repo, head, drafted, proven, { from: options.from, chain: options.chain })
  return true
}

export interface AuthorOptions {
  readonly changes: readonly SpaceChange[]
  readonly signer: SpaceSigner
  /** CIDs of the membership heads that were seen, in any order */
  readonly members: readonly string[]
  /** milliseconds since the Unix epoch: the rev's time, unless the last rev is not before it */
  readonly now: number
  /** 0 to 1023 */
  readonly clockId?: number
}

/**
 * Makes the author's next commit of these changes and keeps it, in one write; gives its bytes. The caller holds the
 * repo's lock alone, and gives the head. Throws `space.wrong-author` for another's repo, and what `applyCommit` throws.
 */
export async function commitOwn(
  host: SpaceHost,
  repo: string,
  head: SpaceHeadRow | undefined,
  { changes, signer, members, now, clockId = 0 }: AuthorOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { space, author } = spaceRepoOf(repo)
  if (signer.id !== author) throw new SpaceError('space.wrong-author', { found: signer.id })
  const drafted = await draft(host, repo, head, checkChanges(changes, host.sha256))
  const before = head === undefined ? -1 : (parseTid(head.rev)?.micros ?? -1)
  const bytes = await signSpaceCommit(
    {
      space,
      author,
      rev: formatTid(Math.max(Math.floor(now * 1000), before + 1), clockId),
      prev: head?.cid ?? null,
      hash: host.sha256(drafted.tally.state),
      members: [...new Set(members)].sort(),
    },
    signer,
  )
  const proven = await proveOwnCommit(host, repo, bytes)
  await write(host, repo, head, drafted, proven, { from: SELF, chain: undefined })
  return bytes
}
