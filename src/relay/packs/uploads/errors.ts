import { CairnError } from '../../../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `upload.unknown` | none: nothing of that name is here, or not any more |
 * | `upload.wrong-offset` | `offset`, `bytes`: where it goes on, and where it ends |
 * | `upload.too-large` | `limit`: more came than was announced |
 * | `upload.no-room` | none: the store has no room for more of it now |
 * | `upload.too-many` | `what` (`all`, `address`), `limit` |
 * | `upload.closed` | none: the relay stops |
 */
export type UploadErrorCode =
  | 'upload.unknown'
  | 'upload.wrong-offset'
  | 'upload.too-large'
  | 'upload.no-room'
  | 'upload.too-many'
  | 'upload.closed'

/** Raised by uploads to a relay's store. */
export class UploadError extends CairnError {
  declare readonly code: UploadErrorCode

  constructor(code: UploadErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
