import type { SpaceCommit } from '../../repo/space/commit.ts'
import type { Bits } from './bits.ts'
import { addBit, addBits, createBits, hasBit } from './bits.ts'
import { type FrozenHead, freezesOf, frozenHead } from './freezes.ts'
import type { Graph } from './graph.ts'
import { RANK } from './model.ts'
import type { Rules, Universe } from './rules.ts'

/** What is asked about a commit whose signature was checked. */
export interface CommitClaim extends Pick<SpaceCommit, 'author' | 'rev' | 'members'> {
  readonly cid: string
}

/**
 * | is | |
 * |---|---|
 * | `counts` | take it, keep it |
 * | `unknown` | `missing`: CIDs of heads that are not in the set yet: ask for them |
 * | `no-role` | its author may not write at the heads it names: go back to `head` |
 * | `behind` | older than the frozen head: keep it where it is kept, take it nowhere else |
 * | `beyond` | after or beside the frozen head: go back to `head` |
 *
 * `head` is undefined when nothing of the device stays.
 */
export type Verdict =
  | { readonly is: 'counts' }
  | { readonly is: 'unknown'; readonly missing: readonly string[] }
  | { readonly is: 'no-role' | 'behind' | 'beyond'; readonly head: FrozenHead | undefined }

/** Whether a commit counts (docs/space-members.md, "Which commits count"). */
export function judgeCommit(graph: Graph, rules: Rules, whole: Universe, commit: CommitClaim): Verdict {
  const { author, rev, cid, members } = commit
  const missing = members.filter((it) => graph.get(it) === undefined)
  if (missing.length > 0) return { is: 'unknown', missing }
  const seen = seenBy(graph, members)
  const among = (at: number): boolean => hasBit(seen, at)
  const rank = rules.rankOf(author, rules.sightOf(among, whole))
  if (rank < RANK.writer) {
    const all = freezesOf(graph, rules, author, () => false, false)
    return { is: 'no-role', head: frozenHead(rules, author, all, whole) }
  }
  const freezes = freezesOf(graph, rules, author, among, rank === RANK.admin)
  if (freezes.length === 0) return { is: 'counts' }
  const head = frozenHead(rules, author, freezes, whole)
  if (head?.commit === cid) return { is: 'counts' }
  return { is: head !== undefined && rev < head.rev ? 'behind' : 'beyond', head }
}

/** These operations and their ancestors; those that are not here are passed over. */
export function seenBy(graph: Graph, heads: readonly string[]): Bits {
  const seen = createBits(graph.nodes.length)
  for (const cid of heads) {
    const node = graph.get(cid)
    if (node === undefined) continue
    addBits(seen, node.seen)
    addBit(seen, node.index)
  }
  return seen
}
