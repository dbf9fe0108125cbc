/** What Cairn's API speaks of. Plain data: every type here survives a structured clone. */

/** What upstream said when last asked. A copy is never deleted because of it. */
export type UpstreamStatus =
  | 'active'
  | 'deactivated'
  | 'takendown'
  | 'suspended'
  | 'deleted'
  | 'not-found'
  | 'unreachable'
  | 'unknown'

export interface RepoSummary {
  readonly did: string
  /** verified both ways when last resolved; undefined when never resolved (file import offline) */
  readonly handle: string | undefined
  readonly displayName: string | undefined
  /** CID of the avatar blob, to be read with `library.blob` when kept */
  readonly avatar: string | undefined
  readonly records: number
  /** record bytes of the head */
  readonly recordBytes: number
  /** bytes kept on this device for this repo, snapshots and blobs included */
  readonly storedBytes: number
  readonly blobs: BlobCounts
  readonly snapshots: number
  /** undefined until the first backup has ended */
  readonly head: SnapshotSummary | undefined
  readonly upstream: { readonly status: UpstreamStatus; readonly checkedAt: number | undefined; readonly pds: string | undefined }
  readonly retention: Retention
  readonly addedAt: number
  /** the job now at work on it, if any */
  readonly job: Job | undefined
  /** an import that was cut off and can go on */
  readonly unfinished: { readonly since: number; readonly bytes: number } | undefined
}

export interface BlobCounts {
  readonly referenced: number
  readonly kept: number
  readonly keptBytes: number
  readonly missing: number
  readonly skipped: number
}

export type SignatureState =
  /** by the key in the identity document kept with the snapshot */
  | 'current-key'
  /** by an earlier key of the PLC log */
  | 'past-key'
  /** no key was at hand (a file opened offline); proven tree, unproven author */
  | 'unchecked'

export interface SnapshotSummary {
  readonly id: string
  readonly rev: string
  readonly commit: string
  readonly root: string
  readonly version: 2 | 3
  readonly records: number
  readonly recordBytes: number
  readonly collections: readonly CollectionSummary[]
  readonly signature: SignatureState
  /** did:key that the commit verified with */
  readonly signedBy: string | undefined
  /** device time, ms */
  readonly takenAt: number
  readonly verifiedAt: number
  readonly source: 'pds' | 'file' | 'peer'
}

export interface CollectionSummary {
  readonly nsid: string
  readonly records: number
  readonly bytes: number
}

/** How many snapshots a repo keeps: all, or the newest `count`. The head is always kept. */
export type Retention = { readonly keep: 'all' } | { readonly keep: 'last'; readonly count: number }

export type JobKind = 'backup' | 'file' | 'blobs' | 'verify' | 'index' | 'sweep'
export type JobState = 'queued' | 'running' | 'retrying' | 'done' | 'failed' | 'cancelled'
export type JobPhase = 'resolving' | 'connecting' | 'receiving' | 'proving' | 'saving' | 'blobs' | 'checking' | 'waiting'

export interface Job {
  readonly id: string
  readonly kind: JobKind
  /** undefined until a handle is resolved or a file's commit is read */
  readonly did: string | undefined
  /** what the person typed or the file's name */
  readonly label: string
  readonly state: JobState
  readonly phase: JobPhase
  readonly startedAt: number
  readonly endedAt: number | undefined
  readonly bytes: number
  /** when the server or the file says; an earlier backup gives an estimate */
  readonly totalBytes: number | undefined
  readonly blocks: number
  readonly records: number
  /** estimate from the previous head */
  readonly totalRecords: number | undefined
  /** bytes a second over the last few seconds */
  readonly rate: number
  /** seconds */
  readonly timeLeft: number | undefined
  readonly attempt: number
  /** ms since epoch of the next try, while `retrying` */
  readonly nextTryAt: number | undefined
  readonly error: JobError | undefined
  readonly result: { readonly did: string; readonly changed: boolean; readonly added: number; readonly updated: number; readonly deleted: number } | undefined
}

export interface JobError {
  readonly code: string
  readonly fields: Readonly<Record<string, unknown>>
  /** another try may help */
  readonly retriable: boolean
}

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
  readonly nodes: readonly { readonly cid: string; readonly layer: number; readonly entries: number; readonly bytes: number }[]
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

export interface StorageStatus {
  readonly usage: number
  readonly quota: number | undefined
  readonly persistent: boolean
  /** why not, when it is not: the browser refused, was not asked yet, or cannot say */
  readonly why: 'granted' | 'refused' | 'not-asked' | 'unsupported'
  readonly repos: readonly { readonly did: string; readonly bytes: number }[]
}

export interface ActivityItem {
  readonly id: string
  readonly at: number
  readonly did: string | undefined
  /** stable kind: `backup.done`, `backup.failed`, `repo.equivocation`, … */
  readonly kind: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly level: 'info' | 'good' | 'warning' | 'bad'
}

export interface Endpoints {
  /** PLC directory base URL */
  readonly plc: string
  /** DNS over HTTPS resolver (JSON API) for `_atproto.` TXT records; '' turns it off */
  readonly doh: string
  /** XRPC host that answers `com.atproto.identity.resolveHandle` when the other ways fail; '' turns it off */
  readonly resolver: string
  /** allow http: and private addresses, for a PDS on this machine or network */
  readonly allowLocal: boolean
}

export interface Settings {
  readonly endpoints: Endpoints
  readonly retention: Retention
  /** fetch blobs with each backup */
  readonly blobs: boolean
}

export type CairnEvent =
  /** a repo's row, head, blobs or snapshots changed */
  | { readonly type: 'repo'; readonly did: string }
  | { readonly type: 'repos' }
  | { readonly type: 'job'; readonly job: Job }
  | { readonly type: 'activity' }
  | { readonly type: 'settings' }
  | { readonly type: 'index'; readonly did: string; readonly progress: number }
  /** there is something to lose now: a page should ask the browser to keep it, then call `device.persistAsked` */
  | { readonly type: 'persist-wanted' }
  | { readonly type: 'storage-lost' }

export type ExportFormat = 'car' | 'zip' | 'jsonl'

export interface ExportFile {
  readonly name: string
  readonly type: string
  /** exact when known beforehand */
  readonly size: number | undefined
  readonly stream: ReadableStream<Uint8Array>
}
