import { CairnError } from '../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `keys.invalid` | `what`: an argument that no caller may give |
 * | `keys.damaged` | `space`: what is kept is no pair of keys |
 * | `keys.words` | `reason`: `count` (with `found`), `unknown` (with `at`: which word, from 1), `checksum` |
 * | `keys.version` | `what`, `version`: made by a newer version |
 * | `keys.too-large` | `what`, `size`, `most`: bytes |
 * | `keys.list-malformed` | `reason` |
 * | `keys.list-broken` | does not open with this recovery's key |
 * | `keys.list-rolled-back` | `found`, `remembered`: counters |
 * | `keys.sealed-broken` | `space`, `what`: what was sealed for the recovery does not open |
 * | `keys.file-malformed` | `reason`: no recovery file |
 * | `keys.file-damaged` | some of it is not as it was written |
 * | `keys.file-passphrase` | `reason`: `missing`, `wrong` |
 */
export type KeysErrorCode =
  | 'keys.invalid'
  | 'keys.damaged'
  | 'keys.words'
  | 'keys.version'
  | 'keys.too-large'
  | 'keys.list-malformed'
  | 'keys.list-broken'
  | 'keys.list-rolled-back'
  | 'keys.sealed-broken'
  | 'keys.file-malformed'
  | 'keys.file-damaged'
  | 'keys.file-passphrase'

/** Raised by what makes, keeps and recovers keys. No secret, and no word of one, is ever among its fields. */
export class KeysError extends CairnError {
  declare readonly code: KeysErrorCode

  constructor(code: KeysErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
