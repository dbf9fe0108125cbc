import { CairnError } from '../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `spaces.invalid` | `what`: an argument that no caller may give |
 * | `spaces.too-large` | `what`, `size`, `most` |
 * | `spaces.version` | `what`, `version`: made by another version of this format |
 * | `spaces.bad-signature` | `what`, `signer`, `reason` |
 * | `spaces.sealed-malformed` | `reason`: no sealed record |
 * | `spaces.sealed-epoch` | `epoch`: sealed under another epoch than the one given |
 * | `spaces.sealed-broken` | `uri`: does not open: changed, or sealed for another place or epoch |
 * | `spaces.sealed-content` | `uri`, `reason`: its author sealed what is no record |
 * | `spaces.file-malformed` | `reason`: no description of a file |
 * | `spaces.file-chunk` | `index`, `reason`: `id`, `size`, `broken` or `content` |
 * | `spaces.file-end` | `found`, `wanted`: chunks |
 * | `spaces.file-source` | `found`, `wanted`: bytes; the source is not as long as was said |
 * | `spaces.epoch-malformed` | `reason` |
 * | `spaces.epoch-key` | `epoch`: not the key that the epoch commits to |
 * | `spaces.epoch-parent` | `epoch`, `parent`: it names no such parent, hides its key, or sealed what is none |
 * | `spaces.card-malformed` | `reason`: no key card |
 * | `spaces.wrap-malformed` | `reason` |
 * | `spaces.wrap-other` | `reason`: of another `space`, `epoch` or `device` |
 * | `spaces.wrap-broken` | `epoch`: not wrapped for this device's key |
 * | `spaces.not-recipient` | `epoch`, `device` |
 * | `spaces.removed` | `device`: for whom nothing is wrapped any more |
 * | `spaces.link-malformed` | `reason`: no join link |
 * | `spaces.link-damaged` | its two parts do not belong together |
 * | `spaces.capability-malformed` | `reason` |
 * | `spaces.capability-broken` | does not open with the link's secret |
 * | `spaces.link-record-malformed`, `spaces.join-malformed`, `spaces.closing-malformed` | `reason` |
 * | `spaces.join-other` | `reason`: of another `space`, `link` or `device` |
 */
export type SpacesErrorCode =
  | 'spaces.invalid'
  | 'spaces.too-large'
  | 'spaces.version'
  | 'spaces.bad-signature'
  | 'spaces.sealed-malformed'
  | 'spaces.sealed-epoch'
  | 'spaces.sealed-broken'
  | 'spaces.sealed-content'
  | 'spaces.file-malformed'
  | 'spaces.file-chunk'
  | 'spaces.file-end'
  | 'spaces.file-source'
  | 'spaces.epoch-malformed'
  | 'spaces.epoch-key'
  | 'spaces.epoch-parent'
  | 'spaces.card-malformed'
  | 'spaces.wrap-malformed'
  | 'spaces.wrap-other'
  | 'spaces.wrap-broken'
  | 'spaces.not-recipient'
  | 'spaces.removed'
  | 'spaces.link-malformed'
  | 'spaces.link-damaged'
  | 'spaces.capability-malformed'
  | 'spaces.capability-broken'
  | 'spaces.link-record-malformed'
  | 'spaces.join-malformed'
  | 'spaces.closing-malformed'
  | 'spaces.join-other'

/** Raised by what seals, opens, and lets in. No secret is ever among its fields. */
export class SpacesError extends CairnError {
  declare readonly code: SpacesErrorCode

  constructor(code: SpacesErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
