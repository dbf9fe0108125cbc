import type { CopyRow } from './copy-rows.ts'
import { LONGEST_PAUSE } from './setbacks.ts'

/** Someone who may have a repo. */
export interface Candidate {
  readonly peer: string
  readonly addresses: readonly string[]
  readonly kind: 'device' | 'store'
}

/** How a peer can be reached now. */
export interface Reach {
  /** Whether streams to it can be opened without dialing. */
  connected(peer: string): boolean
  /** It is reached without a relay between. */
  direct(peer: string): boolean
}

/** The rev of a repo that a peer says it holds all of; a partial copy is none. */
export const wholeRev = (row: CopyRow): string | undefined => (row.partial ? undefined : row.rev)

/** The rev under which it says that it holds a collection. */
export const collectionRev =
  (nsid: string) =>
  (row: CopyRow): string | undefined =>
    row.partial ? row.collections?.find((it) => it.nsid === nsid)?.rev : row.rev

/** Peers that may be asked now, the best first: those that kept their word, are connected, and directly. */
export function usable(rows: readonly CopyRow[], reach: Reach, now: number): CopyRow[] {
  const rank = (row: CopyRow): number =>
    row.failures * 4 + (reach.connected(row.peer) ? 0 : 2) + (reach.direct(row.peer) ? 0 : 1)
  return rows.filter((row) => !isPaused(row, now)).sort((a, b) => rank(a) - rank(b))
}

/** A pause that ends later than any can was noted before the clock was set back, and is over. */
const isPaused = ({ retryAt = 0 }: CopyRow, now: number): boolean =>
  retryAt > now && retryAt <= now + LONGEST_PAUSE

/** Those of `rows` who hold the newest head that anyone claims beyond `rev`, in the same order. */
export function newestBeyond(
  rows: readonly CopyRow[],
  rev: string | undefined,
  revOf: (row: CopyRow) => string | undefined,
): CopyRow[] {
  let newest = rev ?? ''
  for (const row of rows) if ((revOf(row) ?? '') > newest) newest = revOf(row) ?? newest
  return newest === (rev ?? '') ? [] : rows.filter((row) => revOf(row) === newest)
}
