import { CairnError } from '../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `agreement.not-found` | `id` |
 * | `agreement.ended` | `id`: it is over; a new one can be offered |
 * | `agreement.not-yours` | `id`: our own offer is for the other side to accept |
 * | `agreement.invalid` | `reason`: `peer`, `repo`, `terms` |
 * | `agreement.unread` | `did`: what the account has published cannot be read now |
 * | `agreement.limit` | `peer`, `limit`: too many with this peer, or in all |
 */
export type AgreementErrorCode =
  | 'agreement.not-found'
  | 'agreement.ended'
  | 'agreement.not-yours'
  | 'agreement.invalid'
  | 'agreement.unread'
  | 'agreement.limit'

/** Raised by what a person asks of agreements; what a peer sends raises `NetError`. */
export class AgreementError extends CairnError {
  constructor(code: AgreementErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
