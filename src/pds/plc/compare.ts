import type { VerifiedPlcLog } from './log.ts'

/** How another log of the same DID stands to the one that is kept. */
export type LogRelation =
  | 'same'
  /** it holds all of the kept one and more */
  | 'ahead'
  /** it is a beginning of the kept one: old, or cut short on purpose */
  | 'behind'
  /** each has an operation that the other lacks */
  | 'forked'

/**
 * Compares two verified logs. A directory only ever appends, so a log that is `behind` or `forked` must
 * not replace the kept one: cutting off a key's rotation would make a past key current again, which is
 * what a former PDS with a friendly peer would try. Both logs must be verified and of one DID.
 */
export function compareLogs(kept: VerifiedPlcLog, other: VerifiedPlcLog): LogRelation {
  if (kept.did !== other.did) throw new RangeError('logs of two DIDs')
  const shared = Math.min(kept.operations.length, other.operations.length)
  for (let index = 0; index < shared; index++) {
    if (kept.operations[index]?.cid !== other.operations[index]?.cid) return 'forked'
  }
  if (kept.operations.length === other.operations.length) return 'same'
  return kept.operations.length < other.operations.length ? 'ahead' : 'behind'
}
