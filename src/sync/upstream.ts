import { PdsError } from '../pds/errors.ts'
import type { Identity } from '../pds/identity.ts'
import { getLatestCommit } from '../pds/repo.ts'
import { statusOfError, type UpstreamStatus } from '../pds/status.ts'
import { type RepoFacts, updateRepo } from '../storage/head.ts'
import type { SnapshotRow } from '../storage/rows.ts'
import type { Host, networkOf } from './host.ts'
import { repoRow } from './kept.ts'
import type { Work } from './work.ts'

/** What is written to a repo's row of an account that answered. */
export function factsOf(identity: Identity, pds: string, status: UpstreamStatus, now: number): RepoFacts {
  const handle = identity.handleVerified && identity.handle !== undefined ? { handle: identity.handle } : {}
  // A server that lacks the method, or failed at it, says nothing by that; what follows shows how it is.
  const upstream: UpstreamStatus = status === 'unknown' || status === 'unreachable' ? 'active' : status
  return { ...handle, pds, upstream, upstreamCheckedAt: now }
}

/** Writes what is known of upstream to a repo that is kept; a failed first backup keeps nothing. */
export async function noteFacts(host: Host, did: string, facts: RepoFacts): Promise<void> {
  if ((await repoRow(host.storage, did)) === undefined) return
  await updateRepo(host.storage, did, (row) => ({ ...row, ...facts }))
}

/** Writes what a failure says of the account. A copy stays whatever that is. */
export async function noteFailure(
  host: Host,
  did: string,
  error: unknown,
  facts: RepoFacts = {},
): Promise<void> {
  if (!(error instanceof PdsError) || error.code === 'pds.cancelled') return
  const upstream = statusOfError(error)
  if (upstream === 'unknown') return
  await noteFacts(host, did, { ...facts, upstream, upstreamCheckedAt: host.clock.now() })
}

/** A hint only: `getLatestCommit` may name another rev than the signed one, never the same commit. */
export async function isCurrent(
  network: ReturnType<typeof networkOf>,
  pds: string,
  head: SnapshotRow,
  work: Work,
): Promise<boolean> {
  try {
    const latest = await getLatestCommit(network, { pds, did: head.did, signal: work.signal })
    return latest.cid === head.commitCid
  } catch (error) {
    if (error instanceof PdsError && (error.code === 'pds.http' || error.code === 'pds.bad-response'))
      return false
    throw error
  }
}
