import { CairnError } from '../../core/errors.ts'

/**
 * Every code of writing to one's own repo. Fields are listed beside each; all are structured-clonable. What goes
 * wrong on the way to the server has the codes of `AccountError` and `PdsError`.
 *
 * | code | fields |
 * |---|---|
 * | `writing.bad-path` | `path`: not a collection, a slash and a record key |
 * | `writing.wrong-type` | `expected`, `found`: the record's `$type` is not its collection |
 * | `writing.too-large` | `bytes`, `limit` |
 * | `writing.too-many` | `limit`: unsent changes of one account |
 * | `writing.blob-gone` | `cid`: a file that the record names was not given along and is not kept here |
 * | `writing.in-flight` | `path`: on its way to the server, so it can no longer be taken back |
 * | `writing.no-such-draft` | `id` |
 * | `writing.refused` | `host`, `status`, `error`, `message`, `path`: the server will not have it |
 * | `writing.moving` | `host`: the repo changed at each try |
 * | `writing.not-listed` | `host`, `did`: the server took it, and its signed repo does not show it |
 * | `writing.no-lexicon` | none: what checks records could not be loaded |
 */
export type WritingErrorCode =
  | 'writing.bad-path'
  | 'writing.wrong-type'
  | 'writing.too-large'
  | 'writing.too-many'
  | 'writing.in-flight'
  | 'writing.no-such-draft'
  | 'writing.refused'
  | 'writing.moving'
  | 'writing.not-listed'
  | 'writing.blob-gone'
  | 'writing.no-lexicon'

/** Raised by everything that writes to one's own repo. */
export class WritingError extends CairnError {
  constructor(code: WritingErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
