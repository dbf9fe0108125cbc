import { CairnError } from '../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `persons.invalid` | `what`: an argument that no caller may give |
 */
export type PersonsErrorCode = 'persons.invalid'

/** Raised by what ties persons to accounts. */
export class PersonsError extends CairnError {
  declare readonly code: PersonsErrorCode

  constructor(code: PersonsErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
