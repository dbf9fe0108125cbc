/**
 * What a full store gives up, and in which order.
 *
 * A repo is **lived for** while someone who asked for it asked again (`keep` or `status`) within the last 30
 * days; an agreement that nobody renews has lapsed. When room is needed:
 *
 * 0. uploads that have not come whole go, those that were quiet longest first (`room.ts` asks whoever holds them);
 * 1. superseded snapshots of all repos go, whoever asked for them (heads stay);
 * 2. then repos whose askers have all lapsed, least recently asked-for first; then such spaces, in that order;
 * 3. then, only to make room for what the operator asked for, repos that peers still ask for, least recently
 *    asked-for first; then such spaces.
 *
 * Never given up: what the operator asked for; what is being written or read into at the moment; and anything
 * at all when all of it together would not make enough room for a transfer whose size was told beforehand, or
 * for its next write where it was not. So a newcomer never displaces a repo that
 * someone still asks for: device keys cost nothing, and else whoever makes many could empty a store.
 */

/** How long after it was last asked for a repo is still lived for, ms: 30 days. */
export const LIVED_FOR = 30 * 24 * 60 * 60_000

export interface Candidate {
  /** or the URI of a space */
  readonly did: string
  /** stored bytes */
  readonly bytes: number
  /** when someone asked for it last, ms; undefined: nobody does */
  readonly askedAt: number | undefined
  readonly byOperator: boolean
  /** at work on just now */
  readonly busy: boolean
}

/** What is kept goes by a DID when it is a public repo, by its URI when it is a space. */
export const isSpace = (owner: string): boolean => owner.startsWith('at://')

const lapsed = (it: Candidate, now: number): boolean =>
  it.askedAt === undefined || now - it.askedAt > LIVED_FOR

/** Whether it may be given up at all for whoever needs room. */
export function mayGo(it: Candidate, need: { readonly now: number; readonly forOperator: boolean }): boolean {
  return !it.byOperator && !it.busy && it.bytes > 0 && (need.forOperator || lapsed(it, need.now))
}

/**
 * The repos to give up, in order, so that at least `bytes` become free; empty when that cannot be had.
 * Pure: the same candidates give the same list.
 */
export function chooseEvicted(
  candidates: readonly Candidate[],
  need: { readonly bytes: number; readonly now: number; readonly forOperator: boolean },
): Candidate[] {
  const order = candidates
    .filter((it) => mayGo(it, need))
    .sort(
      (a, b) =>
        Number(lapsed(b, need.now)) - Number(lapsed(a, need.now)) ||
        Number(isSpace(a.did)) - Number(isSpace(b.did)) ||
        (a.askedAt ?? 0) - (b.askedAt ?? 0) ||
        (a.did < b.did ? -1 : 1),
    )
  const chosen: Candidate[] = []
  let freed = 0
  for (const it of order) {
    if (freed >= need.bytes) break
    chosen.push(it)
    freed += it.bytes
  }
  return freed >= need.bytes ? chosen : []
}
