import { CairnError } from '../core/errors.ts'

/** Every way in which bytes can fail to be a sync pack or a table, or a value can fail to go into one. */
export type PackErrorCode =
  // the bytes
  /** the bytes end before the value does */
  | 'pack.truncated'
  /** bytes are left after the value */
  | 'pack.trailing'
  /** not the four letters that it must begin with */
  | 'pack.magic'
  /** another version of the format than the one that is read here; `found` and `known` say which */
  | 'pack.version'
  /** a flag that the version does not have */
  | 'pack.flags'
  /** a boolean, or the mark of an optional value, that is neither 0 nor 1 */
  | 'pack.bool'
  /** text that is not UTF-8 */
  | 'pack.utf8'
  /** an integer that a number does not hold exactly, or that is out of its range */
  | 'pack.integer'
  /** a float that is not finite */
  | 'pack.float'
  /** more items announced than the bytes that are left can hold */
  | 'pack.count'
  /** a kind, status or name that the format does not have; `reason` says of what */
  | 'pack.unknown'
  /** not JSON, not of the kind that belongs here, nested too deeply, or a number that is not finite */
  | 'pack.json'
  /** a time that is not written as ISO 8601 with milliseconds and `Z` */
  | 'pack.time'
  /** a digest that is not 64 lowercase hexadecimal digits */
  | 'pack.hex'
  /** larger, or larger when unfolded, than the limit */
  | 'pack.too-large'
  // packs
  /** a table or scope that the commit's dictionary does not have */
  | 'pack.index'
  /** a row of a group that is not there, is of another table, is used twice, or belongs to a delete */
  | 'pack.row-ref'
  /** a group whose table is not the one that the dictionary names, or has a group already */
  | 'pack.group'
  // tables
  /** a column of an unknown type, with unknown flags, or named twice */
  | 'pack.column'
  /** null in a column that has none, or a null bit for no column */
  | 'pack.null'
  /** a table with other columns than its schema has */
  | 'pack.schema'
  // what the parts say of each other
  /** a manifest that is malformed, missing, not wanted, or says something else than what it lists */
  | 'pack.manifest'
  /** a chunk whose bytes are not those that its reference names */
  | 'pack.chunk'
  /** roots, sequence numbers or commits that do not continue the chain */
  | 'pack.chain'
  // on the way out
  /** a value that the format cannot carry */
  | 'pack.value'

export interface PackErrorFields extends Record<string, unknown> {
  /** byte in the pack, or in the table when that is read alone */
  offset?: number
  /** a word on which rule of the code's group was broken, for logs */
  reason?: string
}

/** Raised by everything that reads, checks and writes packs. */
export class PackError extends CairnError {
  declare readonly code: PackErrorCode

  constructor(code: PackErrorCode, fields: PackErrorFields = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
