/** Bounds of the mailbox. Each is on what an honest client would never come near; `docs/limits.md` has them all. */

/**
 * Body of a capability or a device link, bytes: 8 KiB of content, padded and sealed (`spaces/links`). Most are under
 * 2 KB; one with long addresses of several relays is not.
 */
export const MAX_CAPABILITY = 16_512
/** Body of a recovery list, bytes: some hundred spaces. */
export const MAX_RECOVERY = 64 * 1024
/** Places with a body, in all. */
export const MAX_PLACES = 100_000
/** Bodies in all, bytes. They count against the store's cap as well. */
export const MAX_BYTES = 256 * 1024 * 1024
/** Live places that one address has made since the relay was started. */
export const PLACES_PER_ADDRESS = 500
/** Their bodies, bytes. */
export const BYTES_PER_ADDRESS = 8 * 1024 * 1024
/** Requests a minute of one address: a page needs three to join. */
export const REQUESTS_PER_MINUTE = 240
/** Places of which nothing is left but that they were revoked, or expired. The oldest go first. */
export const MAX_GONE = 50_000
/** How long it is told that a place was revoked or has expired, ms. */
export const TOLD_FOR = 90 * 24 * 60 * 60_000
/** A capability that was neither put nor fetched for so long goes when there is no room for another, ms. */
export const CAPABILITY_QUIET = 90 * 24 * 60 * 60_000
/** And a recovery list, ms: a device puts its own anew long before. */
export const RECOVERY_QUIET = 400 * 24 * 60 * 60_000
/** Fetches beyond the uses of a link that are answered: a person reloads, or looks again on another device. */
export const GRACE = 16
/** Most uses that a place may be put with. */
export const MAX_USES = 1024
/** The longest end that a place may be put with, ms from now. */
export const LONGEST = 10 * 366 * 24 * 60 * 60_000
/** Between two looks for what has expired, ms. */
export const SWEEP_EVERY = 60 * 60_000
