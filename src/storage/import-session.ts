import type { Lanes, Sha256 } from '../core/hash.ts'
import type { Commit } from '../repo/commit.ts'
import type { BaseEntries } from './change-told.ts'
import type { ToldFrames } from './told-frames.ts'
import type { KnownHead, RepoFacts } from './head.ts'
import type { Storage, WriteOp } from './port.ts'
import type { ImportRow, SnapshotRow } from './rows.ts'

export interface SignedCommit {
  readonly commit: Commit
  readonly bytes: Uint8Array
  readonly cid: string
  readonly digest: Uint8Array
}

export interface ImportProgress {
  readonly bytes: number
  readonly blocks: number
  readonly records: number
  /** records whose path up to the root is proven */
  readonly proven: number
}

/** A path, and the record that is there now; undefined: none is any more. */
export interface ToldChange {
  readonly path: string
  readonly record: Uint8Array | undefined
}

/** What of a list can be done before it is known whose it is. */
export interface EarlyChange {
  /** what the base has at its paths */
  readonly found?: Promise<BaseEntries> | undefined
  /** its records, with their digests */
  readonly framed?: Promise<ToldFrames> | undefined
}

/** What the snapshot says beside its tree. */
export interface SnapshotFacts {
  readonly signature: SnapshotRow['signature']
  readonly signedBy: string | undefined
  readonly identity: string | undefined
  readonly now: number
  readonly repo: RepoFacts
  /** more to write in the same transaction: identity document, blob rows */
  readonly ops?: readonly WriteOp[]
  readonly allowRollback?: boolean
  /** told when all is proven, and the head is about to be handed to the disk, which may still fail */
  readonly onWriting?: (snapshot: SnapshotRow) => void
}

/**
 * Takes one repo in: bytes of a CAR in any chunking and any order of blocks, a snapshot and a moved head
 * at the end, and nothing visible before.
 *
 * Records are checked and packed into segments as they arrive; tree nodes are walked strictly from the
 * signed root as soon as the blocks allow. Segments of a transfer that was cut off are found again by
 * their import's row, so the next try writes no proven block twice.
 */
export interface ImportSession {
  /** Blocks were found from a try that was cut off. */
  readonly resumed: boolean
  /** Takes the next bytes; resolves when there is room for more. */
  write(chunk: Uint8Array): Promise<void>
  /**
   * Takes what changed since the base, every path once, with its records: nothing more comes after the commit then.
   * Partial only.
   *
   * @param early what was done for it already: see {@link EarlyChange}
   * @param step called now and then while records are taken; throws to stop
   */
  change(list: readonly ToldChange[], early?: EarlyChange, step?: () => void): Promise<void>
  /** The snapshot that changes are applied to, or whose blocks need not come again. */
  readonly base: SnapshotRow | undefined
  /** The repo's row and its head as this import wrote them, once it has. */
  readonly now: KnownHead | undefined
  /** Known once its block has come. */
  readonly commit: SignedCommit | undefined
  readonly progress: ImportProgress
  /** Path of the last record proven: everything up to it is. Undefined before the first, and of a partial CAR. */
  readonly last: string | undefined
  /**
   * Goes on with tree nodes that are kept from before (an earlier try, the base), as far as they lead, rather
   * than wait for them to come again. For whoever asks a sender only for what is lacking, from `last` on.
   */
  recall(): Promise<void>
  /** Starts over with a new stream of the same repo, keeping what is stored. */
  restart(): void
  /** Says that the bytes are over and proves what is left, without moving a head. */
  prove(): Promise<void>
  /** Says that the bytes are over, proves what is left, and moves the head. */
  finish(facts: SnapshotFacts): Promise<SnapshotRow>
  /**
   * Every path whose value differs from the base, with its record, where both are known and at hand and take no more
   * than `most` bytes together. Known when the head is about to be written, of a partial import.
   */
  news(most: number): readonly ToldChange[] | undefined
  /** Stops, keeping what is stored so that another try goes on. */
  suspend(): Promise<void>
  /** Stops, dropping what was stored. */
  discard(): Promise<void>
}

export interface ImportOptions {
  readonly storage: Storage
  readonly did: string
  readonly sha256: Sha256
  /** a random 32-bit number */
  readonly random: () => number
  readonly now: number
  readonly source: ImportRow['source']
  readonly label: string
  /** Called once with the commit, before anything after it is taken; throws to refuse. */
  readonly onCommit: (commit: SignedCommit) => Promise<void>
  /** The snapshot whose blocks need not come again. */
  readonly base?: SnapshotRow
  /** The repo's row as it was read with `base`, its head: spares reading them again. */
  readonly known?: KnownHead
  /**
   * What is `known` was read some time ago, and no import was cut off then: where it is not so any more, this one ends
   * with `storage.conflict`.
   */
  readonly fresh?: boolean
  /** The CAR holds only what changed since `base` (a `since` answer). */
  readonly partial?: boolean
  readonly nodeBudget?: number
  /** many hashes at a time, where the host can: faster than one after another */
  readonly lanes?: Lanes
}
