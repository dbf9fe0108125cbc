/** How much one call of a reader may take on. */
export interface PackLimits {
  /** bytes of the pack or table */
  readonly maxBytes: number
  /**
   * Bytes of what is written once and stands for many: a row's column names and nulls, a change's table and
   * scopes. A pack of a few bytes a row could otherwise unfold to any size when it is hashed, copied or shown.
   */
  readonly maxUnfolded: number
}

/** A response of the format is at most 16 MiB. */
export const PACK_LIMITS: PackLimits = { maxBytes: 16 << 20, maxUnfolded: 128 << 20 }

/** A chunk of the format is at most 256 MiB when decompressed. */
export const TABLE_LIMITS: PackLimits = { maxBytes: 256 << 20, maxUnfolded: 512 << 20 }

/** Levels of arrays and objects in any JSON of a pack, the outermost counted. */
export const MAX_JSON_DEPTH = 128
