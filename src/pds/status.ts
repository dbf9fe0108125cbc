import { PdsError } from './errors.ts'

/** What upstream said about an account when last asked. A copy is never deleted because of it. */
export type UpstreamStatus =
  | 'active'
  | 'deactivated'
  | 'takendown'
  | 'suspended'
  | 'deleted'
  | 'not-found'
  | 'unreachable'
  | 'unknown'

/** What a failed request tells about the account; `unknown` when it tells nothing. */
export function statusOfError(error: unknown): UpstreamStatus {
  if (!(error instanceof PdsError)) return 'unknown'
  switch (error.code) {
    case 'pds.account-deactivated':
      return 'deactivated'
    case 'pds.account-takendown':
      return 'takendown'
    case 'pds.account-suspended':
      return 'suspended'
    case 'pds.account-deleted':
    case 'pds.did-tombstoned':
      return 'deleted'
    case 'pds.account-not-found':
    case 'pds.did-not-found':
      return 'not-found'
    case 'pds.network':
    case 'pds.timeout':
    case 'pds.stalled':
      return 'unreachable'
    case 'pds.http':
      return Number(error.fields['status']) >= 500 && error.fields['status'] !== 501
        ? 'unreachable'
        : 'unknown'
    default:
      return 'unknown'
  }
}
