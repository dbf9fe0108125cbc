import { toHex } from '../core/bytes.ts'
import type { Digest, Sha256 } from '../core/hash.ts'
import type { Weave } from '../core/weave.ts'
import { canonicalJson, sha256Hex } from './canonical-json.ts'
import { commitText } from './commit-text.ts'
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

/**
 * The digest of a commit as it was sent, lowercase hexadecimal: over the canonical JSON of its parts, of its
 * place and of the version. Throws `pack.value`.
 */
export const commitDigest = (commit: PackCommit, place: ChainPlace, sha256: Sha256, weave?: Weave): string =>
  sha256Hex(commitText(commit, place, weave), sha256)

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
  weave?: Weave,
): Integrity | undefined {
  const last = commits.at(-1)
  if (last === undefined) return undefined
  const digests = commits.map((it) => commitDigest(it, place, sha256, weave))
  return {
    partitionId: place.partitionId,
    previousChainRoot: root,
    commitChainRoot: rootAfter(commits, digests, place, sha256, root),
    commitSeq: last.commitSeq,
  }
}

function rootAfter(
  commits: readonly PackCommit[],
  digests: readonly string[],
  place: ChainPlace,
  sha256: Sha256,
  root: string,
): string {
  let after = root
  for (const [i, { commitSeq }] of commits.entries())
    after = chainRoot(after, { commitSeq, commitDigest: digests[i] ?? '' }, place, sha256)
  return after
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
  const { commits } = subscription
  const claimed = claimedBy(subscription, root)
  if (claimed === undefined) return root
  const { place, commitChainRoot } = claimed
  const digests = commits.map((it) => commitDigest(it, place, sha256))
  if (rootAfter(commits, digests, place, sha256, root) !== commitChainRoot) throw refused('root')
  return commitChainRoot
}

/**
 * The same in two steps, with the commits' digests made beside other work. What is wrong with the form is thrown at
 * once.
 *
 * @returns the root as it is claimed, and `prove`, which rejects with `pack.chain` where it does not come out
 */
export function checkChainAside(
  subscription: Pick<Subscription, 'id' | 'commits' | 'integrity'>,
  { sha256, digest, weave }: { readonly sha256: Sha256; readonly digest: Digest; readonly weave?: Weave },
  root: string = GENESIS_ROOT,
): { readonly root: string; readonly prove: () => Promise<void> } {
  const { commits } = subscription
  const claimed = claimedBy(subscription, root)
  if (claimed === undefined) return { root, prove: async () => {} }
  const { place, commitChainRoot } = claimed
  const prove = async (): Promise<void> => {
    const digests = await Promise.all(commits.map((it) => digest(() => commitText(it, place, weave))))
    if (rootAfter(commits, digests.map(toHex), place, sha256, root) !== commitChainRoot) throw refused('root')
  }
  return { root: commitChainRoot, prove }
}

/** What a subscription says of its chain; undefined when it brings no commits. */
function claimedBy(
  { id, commits, integrity }: Pick<Subscription, 'id' | 'commits' | 'integrity'>,
  root: string,
): { readonly place: ChainPlace; readonly commitChainRoot: string } | undefined {
  const last = commits.at(-1)
  if (integrity === undefined) {
    if (last !== undefined) throw refused('no integrity')
    return undefined
  }
  const { partitionId, previousChainRoot, commitChainRoot, commitSeq } = integrity
  if (!isHexDigest(previousChainRoot) || !isHexDigest(commitChainRoot)) throw refused('form')
  if (previousChainRoot !== root) throw refused('previous root')
  if (last === undefined) throw refused('no commits')
  if (last.commitSeq !== commitSeq) throw refused('commitSeq')
  return { place: { partitionId, subscriptionId: id }, commitChainRoot }
}

const hashOf = (value: object, sha256: Sha256): string => sha256Hex(canonicalJson(value), sha256)
const refused = (reason: string): PackError => new PackError('pack.chain', { reason })
