import { binary } from '../../repo/mst/diff.ts'
import type { ToldChange } from '../../storage/import-session.ts'
import type { ToldCommit } from './told-commit.ts'

/** Most that waits to be taken in, of all repos together, bytes. What comes on top is asked for instead. */
const MAX_HELD = 16 << 20
/** Commits of one repo that wait: a burst of a person, not an import of years. */
const MAX_COMMITS = 500

/** Commits that follow one on another, of one repo, waiting to be taken in together. */
export interface Chains {
  /** True when it follows what waits, or nothing does; else the whole chain is given up. */
  add(told: ToldCommit): boolean
  /** Something of this repo came that cannot be followed. */
  spoil(did: string): void
  /** What waits of a repo, oldest first; it waits no longer. */
  take(did: string): readonly ToldCommit[]
}

export function createChains(): Chains {
  const waiting = new Map<string, ToldCommit[]>()
  let held = 0

  const take = (did: string): readonly ToldCommit[] => {
    const chain = waiting.get(did) ?? []
    waiting.delete(did)
    for (const { bytes } of chain) held -= bytes
    return chain
  }
  return {
    take,
    spoil: (did) => void take(did),
    add(told) {
      const chain = waiting.get(told.did) ?? []
      const last = chain.at(-1)
      const follows = last === undefined || binary(last.after) === binary(told.before)
      if (!follows || chain.length >= MAX_COMMITS || held + told.bytes > MAX_HELD) {
        take(told.did)
        return false
      }
      waiting.set(told.did, [...chain, told])
      held += told.bytes
      return true
    },
  }
}

/**
 * The part of a chain that comes after a tree, as one list of changes under its last commit; undefined where the
 * chain does not pass through that tree.
 */
export function changesAfter(
  chain: readonly ToldCommit[],
  root: Uint8Array,
): { readonly last: ToldCommit; readonly changes: readonly ToldChange[] } | undefined {
  // The newest: a tree may come back, when what was written is deleted again.
  const first = chain.findLastIndex(({ before }) => binary(before) === binary(root))
  const last = chain.at(-1)
  if (first === -1 || last === undefined) return undefined
  const byPath = new Map<string, ToldChange>()
  for (const { changes } of chain.slice(first)) for (const change of changes) byPath.set(change.path, change)
  return { last, changes: [...byPath.values()] }
}
