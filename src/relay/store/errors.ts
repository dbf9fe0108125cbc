import { CairnError } from '../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `store.not-admitted` | `reason`: `token` (none, or a wrong one) or `not-listed` |
 * | `store.full` | `needed`, `limit`, `used` (bytes): it would pass the cap, and nothing may be given up for it |
 * | `store.quota` | `limit`, `used` (bytes): it would pass what one peer may have kept |
 * | `store.limit` | `what` (`repos`, `repos-of-peer`, `askers`, `waiting`), `limit` |
 * | `store.unproven` | `did`: nothing proves whose repo it is, and nothing unproven is kept |
 * | `store.not-kept` | `did` |
 */
export type StoreErrorCode =
  | 'store.not-admitted'
  | 'store.full'
  | 'store.quota'
  | 'store.limit'
  | 'store.unproven'
  | 'store.not-kept'

/** Raised by the relay's store. */
export class StoreError extends CairnError {
  constructor(code: StoreErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
