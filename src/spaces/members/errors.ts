import { CairnError } from '../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `members.malformed` | `reason`: what is missing, unknown, or of another form |
 * | `members.version` | `version` |
 * | `members.wrong-space` | `found` |
 * | `members.bad-signature` | `what`: `author`, `authority`, `consent`, `link-record`, `join-link`, `join`, `key-card` or `link-closing`; `signer`, `reason` |
 * | `members.unknown-author` | `author`: no operation made it a device; nothing was verified |
 * | `members.not-allowed` | `kind`, `author`: not by what the operation itself has seen; of a `join` or `close` the `reason` |
 * | `members.sequence` | `author`, `seq`, `expected` |
 * | `members.parents` | `reason`: one parent is an ancestor of another, or there is none where one must be |
 * | `members.refused-parent` | `parent`: what follows a refused operation is refused |
 * | `members.too-many` | `what`: `operations`, `devices`, `forks`, `seq` or `joins`; `most` |
 * | `members.unknown` | `cid`: no operation of the set |
 */
export type MembersErrorCode =
  | 'members.malformed'
  | 'members.version'
  | 'members.wrong-space'
  | 'members.bad-signature'
  | 'members.unknown-author'
  | 'members.not-allowed'
  | 'members.sequence'
  | 'members.parents'
  | 'members.refused-parent'
  | 'members.too-many'
  | 'members.unknown'

/** Raised by what reads and judges membership operations. */
export class MembersError extends CairnError {
  declare readonly code: MembersErrorCode

  constructor(code: MembersErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
