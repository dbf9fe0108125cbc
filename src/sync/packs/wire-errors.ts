import { CairnError } from '../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `sync.invalid-request` | `reason`: what of a request is not as the protocol has it |
 * | `sync.too-many-operations` | `limit`: a pushed commit has more |
 * | `sync.limit-exceeded` | `what`, `limit`: a request is longer, or asks for more |
 * | `sync.too-busy` | none: too much is answered already |
 * | `sync.no-such-chunk` | none: it is not here, or not for these scopes |
 * | `sync.upgrade-needed` | `peer`, `needed`, `known`: this software is too old for the peer |
 * | `sync.peer-outdated` | `peer`, `needed`, `known`: the peer's software is too old for this one |
 */
export type PackWireErrorCode =
  | 'sync.invalid-request'
  | 'sync.too-many-operations'
  | 'sync.limit-exceeded'
  | 'sync.too-busy'
  | 'sync.no-such-chunk'
  | 'sync.upgrade-needed'
  | 'sync.peer-outdated'

/** Raised where packs are asked for and answered. */
export class PackWireError extends CairnError {
  declare readonly code: PackWireErrorCode

  constructor(code: PackWireErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
