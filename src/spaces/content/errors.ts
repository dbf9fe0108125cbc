import { CairnError } from '../../core/errors.ts'

/**
 * | code | raised or told when | fields |
 * |---|---|---|
 * | `content.invalid` | an edit is none that the kind takes | `what`: `kind`, `id`, `device`, `at`, `edits`, or the field's name; `kind`, `id` |
 * | `content.no-person` | the device is nobody's | `device` |
 * | `content.read-only` | the person may not write | `person` |
 * | `content.not-yours` | the entity is owned by another person | `item` |
 * | `content.admins-only` | the entity counts by admins alone | `item` |
 * | `content.too-large` | a record would be, or is, above its bound | `item`, `size`, `most` |
 * | `content.version` | a newer version wrote it | `item`, or `what` and `version` of an export |
 * | `content.exhausted` | a field's counter cannot rise any more | `item`, `field` |
 * | `content.unknown` | there is no such entity | `item` |
 * | `content.order` | nothing fits between two places in an order | `before`, `after` |
 * | `content.snapshot` | no export of a space's content | `reason` |
 * | `content.unknown-kind` | told: a collection that this version does not know | |
 * | `content.bad-id` | told: no id that an entity of that kind has | |
 * | `content.malformed` | told: no register | |
 * | `content.field` | told: a field's value does not fit and counts for nothing; the others do | |
 */
export type ContentErrorCode =
  | 'content.invalid'
  | 'content.no-person'
  | 'content.read-only'
  | 'content.not-yours'
  | 'content.admins-only'
  | 'content.too-large'
  | 'content.version'
  | 'content.exhausted'
  | 'content.unknown'
  | 'content.order'
  | 'content.snapshot'

/** Raised by what changes, restores and imports the content of a space. */
export class ContentError extends CairnError {
  declare readonly code: ContentErrorCode

  constructor(code: ContentErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
