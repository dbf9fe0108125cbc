import type { BlobCounts, SignatureState, SnapshotSummary } from './model.ts'

/** What Cairn's API says of records, their history and their blobs. Plain data, as in `model.ts`. */

export interface RecordItem {
  readonly path: string
  readonly collection: string
  readonly rkey: string
  readonly cid: string
  readonly bytes: number
  /** decoded for display: links as `{ $link }`, bytes as `{ $bytes }` (atproto JSON) */
  readonly value: unknown
}

export interface RecordPage {
  readonly total: number
  /** index of the first item in the asked order */
  readonly offset: number
  readonly items: readonly RecordItem[]
}

export interface RecordQuery {
  readonly did: string
  /** defaults to the head */
  readonly snapshot?: string
  readonly collection: string
  readonly offset: number
  readonly limit: number
  /** newest first (rkeys are mostly TIDs); default true */
  readonly newestFirst?: boolean
}

/** One record with its proof checked just now, from stored bytes up to the signed commit. */
export interface RecordDetail extends RecordItem {
  readonly did: string
  readonly uri: string
  readonly snapshot: SnapshotSummary
  readonly proof: RecordProof
  readonly blobs: readonly BlobItem[]
}

export interface RecordProof {
  /** tree nodes from the root to the record */
  readonly nodes: readonly {
    readonly cid: string
    readonly layer: number
    readonly entries: number
    readonly bytes: number
  }[]
  readonly valid: boolean
  readonly commit: string
  readonly signature: SignatureState
}

/** A value that a path had in some snapshots, oldest first. */
export interface RecordVersion {
  /** undefined: the record is not there in these snapshots */
  readonly cid: string | undefined
  readonly value: unknown
  readonly firstSnapshot: SnapshotSummary
  readonly lastSnapshot: SnapshotSummary
  readonly inHead: boolean
}

export interface Change {
  readonly path: string
  readonly type: 'added' | 'changed' | 'deleted'
  readonly before: string | undefined
  readonly after: string | undefined
}

export interface ChangeSet {
  readonly from: SnapshotSummary | undefined
  readonly to: SnapshotSummary
  readonly added: number
  readonly changed: number
  readonly deleted: number
  /** the first `limit` changes from `offset`, in path order */
  readonly items: readonly Change[]
}

export type BlobState = 'kept' | 'wanted' | 'missing' | 'skipped' | 'failed'

export interface BlobItem {
  readonly cid: string
  readonly state: BlobState
  readonly bytes: number | undefined
  /** what the record says; a claim */
  readonly declaredType: string | undefined
  /** told by magic bytes, only once kept: an image type that may be previewed, else undefined */
  readonly imageType: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp' | 'image/avif' | undefined
  /** paths of (some of) the records that refer to it */
  readonly paths: readonly string[]
}

export interface BlobPage {
  readonly total: number
  readonly counts: BlobCounts
  readonly items: readonly BlobItem[]
}

export interface SearchQuery {
  readonly text: string
  /** one repo, or all when absent */
  readonly did?: string
  readonly collection?: string
  readonly limit: number
}

export interface SearchHit {
  readonly did: string
  readonly item: RecordItem
  /** the text around the first match, and where in it the matches are ([from, to) in UTF-16 units) */
  readonly excerpt: string
  readonly marks: readonly (readonly [number, number])[]
}

export interface SearchResult {
  readonly hits: readonly SearchHit[]
  /** more exist than `limit` */
  readonly more: boolean
  /** repos whose index is not ready; `progress` 0..1 */
  readonly building: readonly { readonly did: string; readonly progress: number }[]
  readonly took: number
}
