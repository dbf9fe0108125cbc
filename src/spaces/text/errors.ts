import { CairnError } from '../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `text.malformed` | `reason`: a record or an update that is not what docs/space-text.md says |
 * | `text.version` | `version`: of a record that a later version wrote |
 * | `text.foreign` | a struct of a client that is not of its author's device |
 * | `text.too-large` | `reason`: one piece that no record holds |
 * | `text.full` | this device has given a note as much as one may |
 * | `text.broken` | a device's structs fit no document; its text is left out |
 */
export type TextErrorCode =
  | 'text.malformed'
  | 'text.version'
  | 'text.foreign'
  | 'text.too-large'
  | 'text.full'
  | 'text.broken'

/** Raised by what merges the text of notes. */
export class TextError extends CairnError {
  declare readonly code: TextErrorCode

  constructor(code: TextErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}

export const malformed = (reason: string): TextError => new TextError('text.malformed', { reason })
