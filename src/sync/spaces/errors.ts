import { CairnError } from '../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `space-sync.not-joined` | `space`: not kept in step here |
 * | `space-sync.not-kept` | `peer`, `space`: the other side does not keep it, or not for us |
 * | `space-sync.denied` | `peer`, `space`: a store that keeps it lets us in no more |
 * | `space-sync.stranger` | `peer`, `space`: it did not prove to be one who may read |
 * | `space-sync.refused` | `peer`, `reason`: the other side's word for why it does not do what was asked |
 * | `space-sync.other-root` | `peer`, `space`: it keeps a space of this name that began otherwise |
 * | `space-sync.bad-log` | `peer`, `space`, `codes`: operations or cards that are none |
 * | `space-sync.withheld` | `peer`, `space`, `missing`: operations that others follow, and that it does not give |
 * | `space-sync.bad-chunk` | `peer`, `id`: bytes of another name |
 * | `space-sync.no-chunk` | `space`, `id`, `asked`: of so many peers none gave it |
 * | `space-sync.no-store` | `space`: no store within reach took all |
 * | `space-sync.mailbox` | `status`, `reason`: `revoked`, `expired`, `used-up`, `not-owner`, `full`, …; `unreachable` |
 */
export type SpaceSyncErrorCode =
  | 'space-sync.not-joined'
  | 'space-sync.not-kept'
  | 'space-sync.denied'
  | 'space-sync.stranger'
  | 'space-sync.refused'
  | 'space-sync.other-root'
  | 'space-sync.bad-log'
  | 'space-sync.withheld'
  | 'space-sync.bad-chunk'
  | 'space-sync.no-chunk'
  | 'space-sync.no-store'
  | 'space-sync.mailbox'

/** Raised between those who keep a space. */
export class SpaceSyncError extends CairnError {
  declare readonly code: SpaceSyncErrorCode

  constructor(code: SpaceSyncErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
