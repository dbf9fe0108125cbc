/** The longest pack that is sent unasked, bytes. One edit takes about one thousand. */
export const MAX_SENT_BYTES = 16 * 1024
/** About what a pack takes beside paths and records, the signed commit among it, bytes. */
const OVERHEAD = 1024
/** Paths and records that are kept at hand for such a pack, bytes. */
export const MAX_SENT_CHANGES = MAX_SENT_BYTES - OVERHEAD
