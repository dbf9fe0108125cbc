import type { Sha256 } from '../core/hash.ts'
import { canonicalJson, sha256Hex } from './canonical-json.ts'
import { PackError } from './errors.ts'
import { isHexDigest } from './forms.ts'
import type { Integrity, PackCommit, Subscription } from './model.ts'

/**
 * The chain of commits that a subscription was sent: each root is over the root before it and a commit. It
 * proves that nothing was left out or changed between two pulls. It says nothing of who made a commit.
 */

/** The root before the first commit. */
export const GENESIS_ROOT = '0'.repeat(64)

/** What a commit's digest covers beside the commit. */
export interface ChainPlace {
  readonly partitionId: string
  readonly subscriptionId: string
}

/** The digest of a commit as it was sent, lowercase hexadecimal. Throws `pack.value`. */
export function commitDigest(commit: PackCommit, place: ChainPlace, sha256: Sha256): string {
  const { actorId, commitSeq, createdAt } = commit
  const changes = commit.changes.map(({ op, row, rowId, rowVersion, scopes, table }) => {
    return { op, row, rowId, rowVersion: rowVersion ?? null, scopes, table }
  })
  const { partitionId, subscriptionId } = place
  const version = 'syncular-wire-commit-digest-v1'
  return hashOf({ actorId, changes, commitSeq, createdAt, partitionId, subscriptionId, version }, sha256)
}

/** The root after a commit. */
export function chainRoot(
  previousChainRoot: string,
  commit: { readonly commitSeq: number; readonly commitDigest: string },
  place: ChainPlace,
  sha256: Sha256,
): string {
  const { partitionId, subscriptionId } = place
  const version = 'syncular-wire-commit-chain-root-v1'
  return hashOf({ ...commit, partitionId, previousChainRoot, subscriptionId, version }, sha256)
}

/**
 * What to send with commits: where they take a chain that stands at `root`, by default at its beginning.
 * Undefined when there are none. Throws `pack.value`.
 */
export function integrityOf(
  commits: readonly PackCommit[],
  place: ChainPlace,
  sha256: Sha256,
  root: string = GENESIS_ROOT,
): Integrity | undefined {
  const last = commits.at(-1)
  if (last === undefined) return undefined
  let commitChainRoot = root
  for (const commit of commits) {
    const digest = commitDigest(commit, place, sha256)
    commitChainRoot = chainRoot(
      commitChainRoot,
      { commitSeq: commit.commitSeq, commitDigest: digest },
      place,
      sha256,
    )
  }
  return {
    partitionId: place.partitionId,
    previousChainRoot: root,
    commitChainRoot,
    commitSeq: last.commitSeq,
  }
}

/**
 * Checks that a subscription's commits continue the chain from `root`, the receiver's own, and gives the root
 * after them. A subscription that brings no commits leaves the root as it is.
 *
 * Throws `pack.chain`: integrity without commits or commits without integrity, another previous root, the
 * sequence number of another commit, a root that does not come out.
 */
export function checkChain(
  subscription: Pick<Subscription, 'id' | 'commits' | 'integrity'>,
  sha256: Sha256,
  root: string = GENESIS_ROOT,
): string {
  const { commits, integrity } = subscription
  if (integrity === undefined) {
    if (commits.length > 0) throw refused('no integrity')
    return root
  }
  if (!isHexDigest(integrity.previousChainRoot) || !isHexDigest(integrity.commitChainRoot)) {
    throw refused('form')
  }
  if (integrity.previousChainRoot !== root) throw refused('previous root')
  const place = { partitionId: integrity.partitionId, subscriptionId: subscription.id }
  const found = integrityOf(commits, place, sha256, root)
  if (found === undefined) throw refused('no commits')
  if (found.commitSeq !== integrity.commitSeq) throw refused('commitSeq')
  if (found.commitChainRoot !== integrity.commitChainRoot) throw refused('root')
  return found.commitChainRoot
}

const hashOf = (value: object, sha256: Sha256): string => sha256Hex(canonicalJson(value), sha256)
const refused = (reason: string): PackError => new PackError('pack.chain', { reason })
