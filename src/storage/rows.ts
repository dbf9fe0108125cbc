import type { TreeRoot } from '../repo/verify/walk-model.ts'

/** A repo that is kept. Table `repos`, key: DID. */
export interface RepoRow {
  readonly did: string
  readonly handle: string | undefined
  readonly pds: string | undefined
  readonly upstream: string
  readonly upstreamCheckedAt: number | undefined
  /** id of the snapshot that is the head */
  readonly head: string | undefined
  /** how many newest snapshots to keep; undefined: all */
  readonly keepLast: number | undefined
  readonly addedAt: number
  /** the head's uppermost tree nodes, to save whoever opens the repo a read */
  readonly top: TreeWindow | undefined
  /** where the chain of lists stands that the head came by; counts only while `commit` is the head's CID */
  readonly chain?: { readonly root: string; readonly commit: string }
  /** changes with every write of this row: the value that compare-and-set compares */
  readonly generation: number
}

/** Bytes of a tree segment from an offset on. */
export interface TreeWindow {
  readonly segment: number
  readonly from: number
  readonly bytes: Uint8Array
}

/** A backup: a signed commit and the tree under it. Table `snapshots`, key: DID/id. Ids sort by time. */
export interface SnapshotRow {
  readonly id: string
  readonly did: string
  /** the commit block as received */
  readonly commit: Uint8Array
  readonly commitCid: string
  readonly version: 2 | 3
  readonly rev: string | undefined
  /** digest of the root node */
  readonly data: Uint8Array
  readonly root: TreeRoot
  /** in the order of the tree */
  readonly collections: readonly { readonly nsid: string; readonly records: number; readonly bytes: number }[]
  readonly signature: 'current-key' | 'past-key' | 'unchecked'
  readonly signedBy: string | undefined
  /** key of the identity document in table `identities` */
  readonly identity: string | undefined
  readonly takenAt: number
  readonly verifiedAt: number
  readonly source: 'pds' | 'file' | 'peer'
  /** the import that made it: its segments hold what this snapshot was the first to need */
  readonly import: string
  /** its segments were read back after the app was started anew: from then on the disk is trusted */
  readonly settled: boolean
}

/** A segment's facts. Table `segments`, key: DID/segment. */
export interface SegmentRow {
  readonly kind: 'records' | 'tree' | 'mixed'
  /** stored bytes of its value */
  readonly size: number
  /** which import wrote it */
  readonly import: string
  /** times it was compacted: the byte value's key ends in it, so a key never changes its bytes */
  readonly generation: number
  /** after compaction: pairs (old offset, new offset), sorted; addresses keep the old ones */
  readonly moved: Uint32Array | undefined
}

/** A transfer that has not ended. Table `imports`, key: DID. Its segments are not part of any snapshot yet. */
export interface ImportRow {
  readonly id: string
  readonly did: string
  readonly startedAt: number
  readonly source: 'pds' | 'file' | 'peer'
  /** what a person knows it by: the account's handle, what was typed, or the file's name */
  readonly label: string
}

/**
 * What separates a snapshot that was let go from the one that came after it. Table `changes`, key: DID/rev.
 * A commit fixes its tree, so a row stays true whatever happens to either snapshot.
 */
export interface ChangesRow {
  readonly rev: string
  readonly commit: string
  readonly next: { readonly rev: string | undefined; readonly commit: string }
  /** every path whose value differs, in key order */
  readonly paths: readonly string[]
}

/** Keys of one repo's rows lie in [`did/`, `did0`): `0` follows `/`. */
export const repoRange = (did: string): { from: string; to: string } => ({ from: `${did}/`, to: `${did}0` })
export const snapshotKey = (did: string, id: string): string => `${did}/${id}`
export const changesKey = (did: string, rev: string): string => `${did}/${rev}`
export const segmentKey = (did: string, segment: number): string =>
  `${did}/${segment.toString(16).padStart(8, '0')}`
/** Byte values of segments: `seg/did/segment.generation`. */
export const segmentBytesKey = (did: string, segment: number, generation: number): string =>
  `seg/${segmentKey(did, segment)}.${generation}`
export const blobKey = (did: string, cid: string): string => `${did}/${cid}`
export const blobBytesKey = (did: string, cid: string): string => `blob/${did}/${cid}`
export const blobBytesRange = (did: string): { from: string; to: string } => ({
  from: `blob/${did}/`,
  to: `blob/${did}0`,
})
/** Spilled tree nodes of a running import. */
export const spillBytesKey = (did: string, importId: string, page: number): string =>
  `spill/${did}/${importId}.${page}`
