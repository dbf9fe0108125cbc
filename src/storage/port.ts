/**
 * The one door between Cairn and a disk. IndexedDB and LevelDB sit behind it; everything that is
 * kept (segments, snapshots, blobs, settings, activity) is laid out above it, once, for all hosts.
 *
 * Two kinds of value:
 * - **rows**: small structured-clonable values, in tables, ordered by string key (UTF-16 code unit
 *   order over ASCII keys, so every adapter agrees);
 * - **byte values**: large opaque bytes (segments, blobs) that are written whole and read by range.
 */

/** Tables of rows. Adding one is a schema migration. */
export const TABLES = [
  /** schema facts, device facts, engine generation */
  'meta',
  /** did → RepoRow: the head and what upstream says */
  'repos',
  /** did/snapshot id → SnapshotRow */
  'snapshots',
  /** sha256 hex → identity document (DID document + PLC audit log), shared by snapshots */
  'identities',
  /** did/segment id → SegmentRow */
  'segments',
  /** did → ImportRow: a transfer that has not ended */
  'imports',
  /** did/cid → BlobRow */
  'blobs',
  /** did/… → search index rows */
  'search',
  /** time-ordered id → ActivityRow */
  'activity',
  /** name → value */
  'settings',
  /** name → this node's identity, counters, networker's topics */
  'network',
  /** peer id → PeerRow: its name, and the device that vouched for it */
  'peers',
  /** did/peer id → CopyRow: who keeps what, and when they last answered */
  'copies',
  /** agreement id → AgreementRow */
  'agreements',
  /** did/collection → its newest records as last shown, so that a repo opens with one read */
  'screens',
  /** did/rev → ChangesRow: what separates a snapshot that was let go from the one after it */
  'changes',
  /** space repo → its head: signed commit, digest state, what a bootstrap still lacks */
  'space-repos',
  /** space repo/path → a sealed record, or where one was deleted */
  'space-records',
  /** client/commit id → what a pushed commit was answered with */
  'pushes',
  /** space → SpaceRow: a space that is kept here, and which device of it this one is */
  'spaces',
  /** space/number → a signed membership operation or key card, in the order in which they came in */
  'space-log',
  /** space/… → keys: of this device, of epochs, of links */
  'space-keys',
  /** space/… → files on their way in or out, chunk by chunk */
  'space-files',
  /** did → AccountRow: who is signed in, and by what */
  'accounts',
  /** did/id → DraftRow: what waits to be written to one's own repo */
  'drafts',
] as const
export type Table = (typeof TABLES)[number]

export interface Row {
  readonly key: string
  readonly value: unknown
}

export interface Range {
  /** first key, inclusive */
  readonly from?: string
  /** first key past the end, exclusive */
  readonly to?: string
  readonly limit?: number
  readonly reverse?: boolean
}

export type WriteOp =
  | { readonly type: 'put'; readonly table: Table; readonly key: string; readonly value: unknown }
  /** fails the whole write with `storage.exists` when the key is taken */
  | { readonly type: 'add'; readonly table: Table; readonly key: string; readonly value: unknown }
  | { readonly type: 'delete'; readonly table: Table; readonly key: string }
  | { readonly type: 'delete-range'; readonly table: Table; readonly from: string; readonly to: string }
  /**
   * Parts are stored as one value, in order. They are taken over before `write` returns its promise, so that
   * the caller can fill its buffers anew at once.
   */
  | { readonly type: 'put-bytes'; readonly key: string; readonly parts: readonly Uint8Array<ArrayBuffer>[] }
  /** the same for a Blob that the host already holds (never read into memory) */
  | { readonly type: 'put-blob'; readonly key: string; readonly blob: Blob }
  | { readonly type: 'delete-bytes'; readonly key: string }
  | { readonly type: 'delete-bytes-range'; readonly from: string; readonly to: string }

/** A condition read inside the writing transaction; false fails the whole write with `storage.conflict`. */
export interface Guard {
  readonly table: Table
  readonly key: string
  readonly holds: (value: unknown) => boolean
}

export interface WriteOptions {
  /** `strict` (default): on disk when the promise resolves. `relaxed`: handed to the system. */
  readonly durability?: 'strict' | 'relaxed'
  readonly guards?: readonly Guard[]
}

export interface StorageEstimate {
  /** bytes used by this origin or directory */
  readonly usage: number
  /** bytes the host may use in all; undefined when it does not say */
  readonly quota: number | undefined
}

/**
 * Keys are ASCII (anything else: `storage.failed`, reason `key`); the ends of a range may be any string.
 * A range whose `from` is not below its `to` is empty. Values and parts must not change until the write
 * has ended. A row that holds a view (`subarray`) is stored with the whole buffer behind it: copy first.
 *
 * Errors (`StorageError`): `storage.conflict`, `storage.exists`, `storage.segment-gone` (a byte
 * value is not there), `storage.quota` ({ needed }), `storage.gone` (the database vanished or was
 * closed underneath), `storage.blocked`, `storage.version-ahead`, `storage.failed`.
 */
export interface Storage {
  get(table: Table, key: string): Promise<unknown>
  /** one transaction; same order as keys; undefined where absent */
  getMany(table: Table, keys: readonly string[]): Promise<unknown[]>
  list(table: Table, range?: Range): Promise<Row[]>
  keys(table: Table, range?: Range): Promise<string[]>
  count(table: Table, range?: Range): Promise<number>
  /** All or nothing, in one transaction; guards are checked first, inside it. */
  write(ops: readonly WriteOp[], options?: WriteOptions): Promise<void>

  /** Bytes [from, to) of a value (`to` past the end is cut). Moves only that range where the host allows. */
  readBytes(key: string, from?: number, to?: number): Promise<Uint8Array<ArrayBuffer>>
  /** Several ranges at once, in the order asked. */
  readRanges(ranges: readonly ByteRange[]): Promise<Uint8Array<ArrayBuffer>[]>
  /** The value as a Blob: lazily read where the host allows. */
  readBlob(key: string): Promise<Blob>
  byteKeys(range?: Range): Promise<string[]>

  /**
   * Runs `work` while holding a named lock across every tab, worker and process of this storage.
   * With `ifAvailable`, `work` gets `false` at once when another holder stands in the way. Requests are
   * granted in the order asked. An abort of `signal` ends the waiting (not the holding) with its reason.
   */
  lock<T>(name: string, options: LockOptions, work: (held: boolean) => Promise<T>): Promise<T>

  estimate(): Promise<StorageEstimate>
  /**
   * Called once when the database is lost underneath (deleted, evicted, forced closed, upgraded by a newer
   * version of the app); soon, when it was lost already. Returns what takes the listener away. Uses after
   * that fail with `storage.gone` ({ reason: `deleted`, `upgraded`, `terminated` or `closed` }).
   */
  onLost(listener: () => void): () => void
  close(): Promise<void>
  /** Deletes everything. The storage is closed afterwards. */
  destroy(): Promise<void>
}

export interface ByteRange {
  readonly key: string
  readonly from: number
  readonly to: number
}

export interface LockOptions {
  readonly mode: 'shared' | 'exclusive'
  readonly ifAvailable?: boolean
  readonly signal?: AbortSignal
}
