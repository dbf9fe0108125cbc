import { RepoError } from '../errors.ts'
import type { RepoErrorCode, RepoErrorFields } from '../errors.ts'

/** What the strict check can find wrong: small integers on the hot path, codes and words off it. */

export const CHECK_OK = 0
export const TRUNCATED = 1
export const TRAILING = 2
export const HEAD = 3
export const NOT_SHORTEST = 4
export const INDEFINITE = 5
export const KEY_TYPE = 6
export const KEY_ORDER = 7
export const KEY_DUPLICATE = 8
export const UTF8 = 9
export const INTEGER_RANGE = 10
export const SIMPLE = 11
export const FLOAT = 12
export const TAG = 13
export const LINK = 14
export const TOO_DEEP = 15
export const NOT_MAP = 16
export const TOO_LARGE = 17

export interface CheckFailure {
  readonly code: RepoErrorCode
  /** the rule that was broken, as a word for logs */
  readonly reason: string
}

/** What each result of `checkDagCbor` and `checkRecord` stands for; nothing for 0. */
export const checkCodes: readonly (CheckFailure | undefined)[] = [
  undefined,
  { code: 'repo.record-malformed', reason: 'truncated' },
  { code: 'repo.record-malformed', reason: 'trailing-bytes' },
  { code: 'repo.record-malformed', reason: 'reserved-head' },
  { code: 'repo.record-not-canonical', reason: 'not-shortest' },
  { code: 'repo.record-not-canonical', reason: 'indefinite-length' },
  { code: 'repo.record-malformed', reason: 'key-not-text' },
  { code: 'repo.record-not-canonical', reason: 'key-order' },
  { code: 'repo.record-not-canonical', reason: 'key-duplicate' },
  { code: 'repo.record-malformed', reason: 'utf-8' },
  { code: 'repo.record-malformed', reason: 'integer-range' },
  { code: 'repo.record-malformed', reason: 'simple-value' },
  { code: 'repo.record-float', reason: 'float' },
  { code: 'repo.record-malformed', reason: 'tag' },
  { code: 'repo.record-malformed', reason: 'link' },
  { code: 'repo.record-too-deep', reason: 'depth' },
  { code: 'repo.record-malformed', reason: 'not-a-map' },
  { code: 'repo.record-too-large', reason: 'size' },
]

/** Offset in the array where the last failed check failed. Kept here so that success allocates nothing. */
let failedAt = 0

/** Offset in the array at which the most recent check that gave something other than 0 stopped. */
export function checkFailedAt(): number {
  return failedAt
}

/** Notes where, and gives the code as a negative number, which no offset is. */
export function fail(code: number, at: number): number {
  failedAt = at
  return -code
}

/**
 * The error for a result of `checkDagCbor` or `checkRecord` other than 0. Only right after that check,
 * since it tells where that one failed; `from` is where the block began.
 */
export function checkError(result: number, from: number, fields: RepoErrorFields = {}): RepoError {
  const failure = checkCodes[result]
  const at = failedAt - from
  return new RepoError(failure?.code ?? 'repo.record-malformed', {
    ...fields,
    at,
    reason: failure?.reason ?? 'unknown',
  })
}
