import { CairnError } from '../../core/errors.ts'

/**
 * Every code of leaving a server, and of getting ready for it. What goes wrong on the way to a server has the codes
 * of `PdsError`, what a session lacks those of `AccountError`.
 *
 * | code | fields |
 * |---|---|
 * | `moving.bad-key` | `reason`: `form`, `count` (of words), `word` (then `at`, from 1), `checksum` |
 * | `moving.wrong-key` | `didKey`: not the one that was made, or none that the account lists |
 * | `moving.no-key` | `did`: there is no new key to add; it was not made in this tab, or not checked |
 * | `moving.key-late` | `did`, `reason`: `not-listed`, `outranked` or `too-late` |
 * | `moving.keys-full` | `did`, `most`: the identity lists as many rotation keys as it can |
 * | `moving.code-wrong` | `host`: the code from the mail is wrong, or too old |
 * | `moving.not-plc` | `did`: a did:web has no rotation keys |
 * | `moving.wrong-account` | `did` (asked for), `found`: whose repo it is |
 * | `moving.not-a-repo` | `name`: the file is none, or is cut off |
 * | `moving.no-copy` | `did`: nothing of it is kept here |
 * | `moving.copy-damaged` | `did`, `reason`: what is stored did not prove again; nothing was sent |
 * | `moving.blobs-lacking` | `did`, `lacking`: nobody was ready to go on without them |
 * | `moving.underway` | `did`, `to`: a move of this account has begun, and has not ended |
 * | `moving.none` | `did`: no move of this account has begun |
 * | `moving.busy` | `did`: another tab is at it |
 * | `moving.same-server` | `host` |
 * | `moving.invite-needed` | `host`: the invite code is missing, wrong or used up |
 * | `moving.handle-refused` | `host`, `handle`, `message` |
 * | `moving.email-refused` | `host`, `message` |
 * | `moving.account-exists` | `host`, `did`: the new server has it, under another password |
 * | `moving.refused` | `host`, `error`, `message`: the new server takes no account, or not this way |
 * | `moving.session-lost` | `host`: the new server does not know the session any more; the password is needed |
 * | `moving.incomplete` | `host`, `what` (`commit`, `records` or `blobs`), `wanted`, `found`: at the new server |
 * | `moving.identity-changed` | `did`: someone else has changed the identity meanwhile |
 * | `moving.differs` | `did`, `what`: what the new server gives is not what was sent |
 */
export type MovingErrorCode =
  | 'moving.bad-key'
  | 'moving.wrong-key'
  | 'moving.no-key'
  | 'moving.key-late'
  | 'moving.keys-full'
  | 'moving.code-wrong'
  | 'moving.not-plc'
  | 'moving.wrong-account'
  | 'moving.not-a-repo'
  | 'moving.no-copy'
  | 'moving.copy-damaged'
  | 'moving.blobs-lacking'
  | 'moving.underway'
  | 'moving.none'
  | 'moving.busy'
  | 'moving.same-server'
  | 'moving.invite-needed'
  | 'moving.handle-refused'
  | 'moving.email-refused'
  | 'moving.account-exists'
  | 'moving.refused'
  | 'moving.session-lost'
  | 'moving.incomplete'
  | 'moving.identity-changed'
  | 'moving.differs'

/** Raised by everything that prepares an account for leaving its server, or takes it to another. */
export class MovingError extends CairnError {
  constructor(code: MovingErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
