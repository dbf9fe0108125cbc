import type { Sha256 } from '../core/hash.ts'
import { canonicalJson, sha256Hex, writeCanonical } from './canonical-json.ts'
import { PackError } from './errors.ts'
import { isHexDigest } from './forms.ts'
import type { Change, ChangeScopes, Integrity, PackCommit, Subscription } from './model.ts'
import { createTextSink, type TextSink } from './text-sink.ts'

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
export function commitDigest(commit: PackCommit, place: ChainPlace, sha256: Sha256): string {
  const { actorId, commitSeq, createdAt } = commit
  const { partitionId, subscriptionId } = place
  const version = 'syncular-wire-commit-digest-v1'
  const sink = createTextSink(sizeOf(commit.changes))
  // The keys in their order. A commit has thousands of changes: no object is made for each only to be written.
  sink.text('{"actorId":')
  writeCanonical(sink, actorId, 1)
  sink.text(',"changes":')
  writeChanges(sink, commit.changes)
  for (const [name, value] of Object.entries({
    commitSeq,
    createdAt,
    partitionId,
    subscriptionId,
    version,
  })) {
    sink.text(`,"${name}":`)
    writeCanonical(sink, value, 1)
  }
  sink.text('}')
  return sha256Hex(sink.bytes(), sha256)
}

function writeChanges(sink: TextSink, changes: readonly Change[]): void {
  // Changes with the same scopes share one object.
  const known = new Map<ChangeScopes, Uint8Array>()
  let mark = '['
  if (changes.length === 0) sink.text(mark)
  for (const { op, row, rowId, rowVersion, scopes, table } of changes) {
    sink.text(mark)
    sink.text('{"op":')
    sink.json(op)
    sink.text(',"row":')
    writeCanonical(sink, row, 3)
    sink.text(',"rowId":')
    sink.json(rowId)
    sink.text(',"rowVersion":')
    writeCanonical(sink, rowVersion ?? null, 3)
    sink.text(',"scopes":')
    let text = known.get(scopes)
    if (text === undefined) {
      const part = createTextSink()
      writeCanonical(part, scopes, 3)
      text = part.bytes()
      known.set(scopes, text)
    }
    sink.raw(text)
    sink.text(',"table":')
    sink.json(table)
    sink.text('}')
    mark = ','
  }
  sink.text(']')
}

/** What a change takes beside its names and its row's bytes, about. */
const CHANGE_BYTES = 160

/** About what changes take as canonical JSON: from what they are, so that text of megabytes is not copied often. */
function sizeOf(changes: readonly Change[]): number {
  let size = 1024
  for (const { row, rowId, table } of changes) {
    size += CHANGE_BYTES + rowId.length + table.length
    if (row === null || typeof row !== 'object') continue
    for (const value of Object.values(row)) if (value instanceof Uint8Array) size += value.length * 2
  }
  return size
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
