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
 * | `spaces.file-missing` | `index`: a chunk that is not here |
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
 * | `spaces.device-malformed` | `reason`: no offer or answer of a device link |
 * | `spaces.device-broken` | does not open with the link's secret, or answers another offer |
 * | `spaces.link-record-malformed`, `spaces.join-malformed`, `spaces.closing-malformed` | `reason` |
 * | `spaces.join-other` | `reason`: of another `space`, `link` or `device`; or of a space that is kept, with another `root` |
 * | `spaces.read-only` | `device`: may read, and write nothing |
 * | `spaces.unknown-heads` | `author`, `missing`: operations that a commit names and that are not here; to be asked for |
 * | `spaces.no-keys` | `device`: this profile has none of its keys |
 * | `spaces.no-authority` | `kind`: the authority's key is needed, and is not here |
 * | `spaces.no-person` | `device` or `person`: nobody in the space |
 * | `spaces.refused` | `kind`, `reason`: an operation of this device that the members' rules do not let in |
 * | `spaces.no-link`, `spaces.no-request` | `link`, `request`: not in the space, or done with |
 * | `spaces.seen-malformed` | `reason` |
 * | `spaces.cloned` | `device`, `rev`, `commit`: this device's own, and not made here: the profile has a copy |
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
  | 'spaces.file-missing'
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
  | 'spaces.device-malformed'
  | 'spaces.device-broken'
  | 'spaces.link-record-malformed'
  | 'spaces.join-malformed'
  | 'spaces.closing-malformed'
  | 'spaces.join-other'
  | 'spaces.read-only'
  | 'spaces.unknown-heads'
  | 'spaces.no-keys'
  | 'spaces.no-authority'
  | 'spaces.no-person'
  | 'spaces.refused'
  | 'spaces.no-link'
  | 'spaces.no-request'
  | 'spaces.seen-malformed'
  | 'spaces.cloned'

/** Raised by what seals, opens, and lets in. No secret is ever among its fields. */
export class SpacesError extends CairnError {
  declare readonly code: SpacesErrorCode

  constructor(code: SpacesErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
