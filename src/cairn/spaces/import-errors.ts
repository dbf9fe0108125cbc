import { CairnError } from '../../core/errors.ts'

/**
 * | code | raised when | fields |
 * |---|---|---|
 * | `spaces.import-not-space` | it is no zip, or none that a space was exported to | `reason` |
 * | `spaces.import-version` | a newer version exported it | `version` |
 * | `spaces.import-passphrase` | it is sealed | `reason`: `missing` or `wrong` |
 * | `spaces.import-damaged` | it is not as it was written: cut off, changed, or unreadable | `reason`, `name` where it is one file |
 * | `spaces.import-too-large` | it unpacks to more than is taken | `what`, `size`, `most` |
 */
export type ImportErrorCode =
  | 'spaces.import-not-space'
  | 'spaces.import-version'
  | 'spaces.import-passphrase'
  | 'spaces.import-damaged'
  | 'spaces.import-too-large'

/** Raised while an exported space is read. Nothing of it is kept then. */
export class ImportError extends CairnError {
  declare readonly code: ImportErrorCode

  constructor(code: ImportErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}

export const damaged = (reason: string, name?: string): ImportError =>
  new ImportError('spaces.import-damaged', name === undefined ? { reason } : { reason, name })

export const notSpace = (reason: string): ImportError =>
  new ImportError('spaces.import-not-space', { reason })
