import { CairnError } from '../../../core/errors.ts'

/**
 * | code | |
 * |---|---|
 * | `mailbox.unknown` | nothing is, or was lately, under this place |
 * | `mailbox.not-owner` | the first put was by another owner |
 * | `mailbox.revoked`, `mailbox.expired`, `mailbox.used-up` | it was here |
 * | `mailbox.too-many` | this address has as many places, or bytes in them, as one may |
 * | `mailbox.full` | there is no room for another |
 *
 * No error carries the place, the owner or the body: errors may be logged.
 */
export type MailboxErrorCode =
  | 'mailbox.unknown'
  | 'mailbox.not-owner'
  | 'mailbox.revoked'
  | 'mailbox.expired'
  | 'mailbox.used-up'
  | 'mailbox.too-many'
  | 'mailbox.full'

/** Raised by the relay's mailbox. */
export class MailboxError extends CairnError {
  constructor(code: MailboxErrorCode, options?: ErrorOptions) {
    super(code, {}, options)
  }
}
