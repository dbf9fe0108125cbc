/** What a note's records may hold. Readers and writers keep to the same numbers, or views would differ. */

/** Inner collection of all that is text. */
export const TEXT_COLLECTION = 'app.cairn.space.text'
/** Name of the root that holds a note's content; no other root is read. */
export const TEXT_FIELD = 'note'

/** Longest update in a record: with its frame it fits a sealed record. */
export const MAX_UPDATE_BYTES = 960 * 1024
/** Structs in a record. Yjs compares those that were made at one place with each other. */
export const MAX_STRUCTS = 32_768
/** Ranges of deleted characters in a record. */
export const MAX_RANGES = 32_768
/** Sessions, of whomever, of which a record deletes something. */
export const MAX_DELETED_CLIENTS = 16_384
/** Sessions of a device whose structs a record holds. */
export const MAX_SESSIONS = 1024
/** Elements within elements in one record; a list in a list takes two. */
export const MAX_NEST = 64
/** One update of an editor of this device, a long paste say, may be so many times that: it is cut into records. */
export const OWN_FACTOR = 16
/** A clock of a client ends below this: no person types so much in one session. */
export const MAX_CLOCK = 2 ** 31
/** Bytes of chance that name a session. */
export const SALT_BYTES = 8

/** Records of pieces not yet merged: `{note}.0` to `{note}.31`, on levels of eight. */
export const TAILS = 32
export const TAILS_A_LEVEL = 8
/** Base records that are full: `{note}.32` to `{note}.47`. */
export const FULL_BASES = 16

/** Unflushed text of another device that is held in memory, of one note. */
export const MAX_LIVE_BYTES = 256 * 1024

/** Versions of a note that a device keeps: `{note}.v0` to `{note}.v19`. */
export const VERSIONS = 20
export const MAX_VERSION_BYTES = 256 * 1024
/** ms between two versions of one device, at least. */
export const VERSION_EVERY = 10 * 60_000
/** Depth to which content is read, shown and kept as a version. */
export const MAX_TREE_DEPTH = 64
