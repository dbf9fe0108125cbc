import { parseTid } from '../core/tid.ts'
import type { Clock } from '../core/clock.ts'
import { acceptableKey } from '../pds/accept.ts'
import type { Identity } from '../pds/identity.ts'
import { RepoError } from '../repo/errors.ts'
import { verifySignature } from '../repo/signature.ts'
import type { SignedCommit } from '../storage/importer.ts'
import type { SnapshotRow } from '../storage/rows.ts'

/** A rev further ahead of this device's clock is refused, ms. Clocks differ by minutes, not hours. */
const MAX_AHEAD = 5 * 60_000
/** A version 2 commit may have no rev; as old as can be, it is judged as the oldest. */
const OLDEST_REV = '2222222222222'

export interface Verdict {
  readonly signature: SnapshotRow['signature']
  readonly signedBy: string | undefined
}

/**
 * Decides whose a commit is: its rev is not in the future, and a key that counts has signed it (the current
 * one, or a past one within the rules of {@link acceptableKey}). Whether it may follow the kept head is
 * decided in `admit.ts`.
 *
 * Without an identity the author stays unproven (`unchecked`), and such a commit never replaces a proven one.
 *
 * @throws RepoError `repo.rev-future`, `repo.bad-signature`, `repo.high-s`, `repo.past-key`, `repo.key-unsupported`
 */
export async function judge(input: {
  readonly commit: Pick<SignedCommit, 'commit' | 'cid'>
  readonly identity: Identity | undefined
  readonly fetchedFromCurrentPds: boolean
  readonly head: Pick<SnapshotRow, 'signature' | 'signedBy'> | undefined
  readonly clock: Clock
}): Promise<Verdict> {
  const { commit, identity, head } = input
  const { rev } = commit.commit
  if (isAhead(rev, input.clock)) throw new RepoError('repo.rev-future', { rev, clock: input.clock.now() })
  if (identity === undefined) {
    if (head !== undefined && head.signature !== 'unchecked')
      throw new RepoError('repo.bad-signature', { reason: 'no-key' })
    return { signature: 'unchecked', signedBy: undefined }
  }
  const signedBy = await findKey(commit, identity)
  const decision = acceptableKey(identity, {
    didKey: signedBy,
    rev: rev ?? OLDEST_REV,
    fetchedFromCurrentPds: input.fetchedFromCurrentPds,
    newestAccepted: head?.signedBy === undefined ? undefined : { didKey: head.signedBy },
  })
  if (!decision.ok) throw new RepoError('repo.past-key', { reason: decision.reason, key: signedBy })
  return { signature: decision.by, signedBy }
}

/** Whether a rev lies further ahead of the clock than clocks differ. */
export function isAhead(rev: string | undefined, clock: Clock): boolean {
  const at = timeOf(rev)
  return at !== undefined && at > clock.now() + MAX_AHEAD
}

/** The time that a rev names, ms. */
function timeOf(rev: string | undefined): number | undefined {
  const tid = rev === undefined ? undefined : parseTid(rev)
  return tid === undefined ? undefined : tid.micros / 1000
}

/** The newest of the account's keys that the commit verifies with. */
async function findKey(commit: Pick<SignedCommit, 'commit' | 'cid'>, identity: Identity): Promise<string> {
  const keys = new Set([identity.currentKey, ...identity.keys.map((it) => it.didKey).reverse()])
  let failure: 'repo.bad-signature' | 'repo.high-s' | 'repo.key-unsupported' = 'repo.bad-signature'
  for (const key of keys) {
    if (key === undefined) continue
    const result = await verifySignature(key, commit.commit.sig, commit.commit.unsigned)
    if (result === 'valid') return key
    if (result === 'high-s') failure = 'repo.high-s'
    else if (result === 'unsupported-key' && keys.size === 1) failure = 'repo.key-unsupported'
  }
  throw new RepoError(failure, { cid: commit.cid })
}
