import { hasCode } from '../core/errors.ts'
import type { Identity } from '../pds/identity.ts'
import { parseCommit } from '../repo/commit.ts'
import { RepoError } from '../repo/errors.ts'
import { areTablesDue, makeTables } from '../repo/k256-verify.ts'
import { refuseStale } from '../storage/head.ts'
import type { SignedCommit } from '../storage/importer.ts'
import { type SnapshotRow, snapshotKey } from '../storage/rows.ts'
import { keepEvidence } from './evidence.ts'
import type { Host } from './host.ts'
import { isAhead, judge, type Verdict } from './judge.ts'
import { identityOp } from './kept.ts'

/** Tables of keys are made when what is being taken in was stored, told of and drawn, ms. */
const TABLES_AFTER = 2000

/** A commit that may be taken in. */
export interface Admission extends Verdict {
  /** it may take the kept head's place though its rev is not newer */
  readonly replaces: boolean
}

/**
 * Decides, from its commit alone and so before the rest is fetched, whether a repo may be taken in beside
 * what is kept: {@link judge} says whose it is, and a head only ever moves to a newer rev. Two exceptions:
 * - what is proven takes the place of a head whose author was never proven, whatever that one's rev;
 * - a head in the future (a clock was wrong) may be replaced when a person asks for it, by `replaceFutureHead`.
 *
 * Of an equivocation both commits are kept as evidence.
 *
 * @throws RepoError as `judge`; `repo.rev-rollback` ({ headInFuture } when a person may ask for the second
 * exception), `repo.equivocation`
 */
export async function admit(
  host: Host,
  input: {
    readonly commit: SignedCommit
    readonly identity: Identity | undefined
    readonly fetchedFromCurrentPds: boolean
    readonly head: SnapshotRow | undefined
    readonly replaceFutureHead?: boolean
  },
): Promise<Admission> {
  const { commit, head } = input
  const verdict = await judge({ ...input, clock: host.clock })
  if (areTablesDue()) host.timers.after(TABLES_AFTER, makeTables)
  if (head === undefined || commit.cid === head.commitCid) return { ...verdict, replaces: false }
  const headInFuture = isAhead(head.rev, host.clock)
  const proven = verdict.signature !== 'unchecked'
  if (proven && head.signature === 'unchecked') return { ...verdict, replaces: true }
  if (headInFuture && input.replaceFutureHead === true) return { ...verdict, replaces: true }
  try {
    refuseStale(head, { rev: commit.commit.rev, commitCid: commit.cid })
  } catch (error) {
    // Of two unproven commits anyone may have made one: that is no evidence against the account.
    if (hasCode(error, 'repo.equivocation') && proven)
      await keepEvidence(host.storage, head, commit, host.clock.now())
    if (hasCode(error, 'repo.rev-rollback') && headInFuture) {
      throw new RepoError('repo.rev-rollback', { ...error.fields, headInFuture }, { cause: error })
    }
    throw error
  }
  return { ...verdict, replaces: false }
}

/**
 * Proves the author of a kept head that came without (a file opened offline), now that an identity is there.
 *
 * @throws RepoError as `judge`
 */
export async function confirmHead(
  host: Host,
  head: SnapshotRow,
  identity: Identity,
  fetchedFromCurrentPds: boolean,
): Promise<SnapshotRow> {
  if (head.signature !== 'unchecked') return head
  const commit = { commit: parseCommit(head.commit), cid: head.commitCid }
  const verdict = await judge({ commit, identity, fetchedFromCurrentPds, head, clock: host.clock })
  const kept = identityOp(identity, host.sha256)
  const key = snapshotKey(head.did, head.id)
  const value: SnapshotRow = { ...head, ...verdict, identity: kept.key }
  await host.storage.write([kept.op, { type: 'put', table: 'snapshots', key, value }], {
    guards: [{ table: 'snapshots', key, holds: (row) => row !== undefined }],
  })
  return value
}
