import { hasCode } from '../core/errors.ts'
import { isRetriable, PdsError } from '../pds/errors.ts'

/** Answers that end work with the account's server, though a copy elsewhere may be whole. */
const OUT_OF_REACH: ReadonlySet<string> = new Set([
  'pds.network',
  'pds.http',
  'pds.no-pds',
  'pds.did-not-found',
  'pds.account-deactivated',
  'pds.account-takendown',
  'pds.account-suspended',
  'pds.account-deleted',
  'pds.account-not-found',
])

/** Its server cannot be reached or does not work, or nobody knows where it is; another copy may do. */
export function isOutOfReach(error: unknown): boolean {
  return error instanceof PdsError && (isRetriable(error) || OUT_OF_REACH.has(error.code))
}

/** That nobody else has it either is no news: why its own server did not answer is. */
export function isNobodyElse(error: unknown): boolean {
  return hasCode(error, 'sync.no-copy') || hasCode(error, 'net.no-relay')
}
