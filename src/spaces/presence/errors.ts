import { CairnError } from '../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `presence.malformed` | `reason`: no word of this format |
 * | `presence.epoch` | `epoch`: sealed under a key that is not here, or no longer counts |
 * | `presence.broken` | does not open: changed, or sealed for another space |
 * | `presence.bad-signature` | `device`: not signed by the device that it names |
 * | `presence.replayed` | `device`: said before |
 * | `presence.stale` | `device`, `at`: nothing shows that it is of now |
 * | `presence.no-role` | `device`: of nobody who has access |
 * | `presence.read-only` | `device`: text of a reader |
 * | `presence.flood` | `from`: more than one peer may say |
 * | `presence.too-large` | `size`, `most` |
 * | `presence.failed` | an own word could not be said: the error is its cause |
 */
export type PresenceErrorCode =
  | 'presence.malformed'
  | 'presence.epoch'
  | 'presence.broken'
  | 'presence.bad-signature'
  | 'presence.replayed'
  | 'presence.stale'
  | 'presence.no-role'
  | 'presence.read-only'
  | 'presence.flood'
  | 'presence.too-large'
  | 'presence.failed'

/** Raised for a word that counts for nothing. */
export class PresenceError extends CairnError {
  declare readonly code: PresenceErrorCode

  constructor(code: PresenceErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
