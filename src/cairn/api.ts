import type { Accounts } from './account-model.ts'
import type {
  ActivityItem,
  CairnEvent,
  ExportFile,
  ExportFormat,
  Job,
  RepoSummary,
  Retention,
  Settings,
  SnapshotSummary,
  StorageStatus,
} from './model.ts'
import type { Moving } from './moving/model.ts'
import type { Network } from './network-model.ts'
import type { PartialCopy, PartialPage, PartialQuery } from './partial-model.ts'
import type {
  BlobPage,
  BlobState,
  ChangeSet,
  RecordDetail,
  RecordPage,
  RecordQuery,
  RecordVersion,
  SearchQuery,
  SearchResult,
} from './record-model.ts'
import type { Spaces } from './spaces-api.ts'
import type { Writing } from './writing-model.ts'

export type * from './account-model.ts'
export type * from './model.ts'
export type * from './moving/model.ts'
export type * from './network-model.ts'
export type * from './partial-model.ts'
export type * from './record-model.ts'
export type * from './space-model.ts'
export type * from './spaces-api.ts'
export type * from './writing-model.ts'

export interface BackupOptions {
  /**
   * A person agrees that a kept head whose rev lies in the future (a clock was wrong) is replaced by what
   * upstream has, though that is older; its snapshot stays. Offered when a backup failed with
   * `repo.rev-rollback` and the field `headInFuture`.
   */
  readonly replaceFutureHead?: boolean
}

/**
 * The one API that screens, workers and the command line use. Every argument and result survives a
 * structured clone, so the same shape works in-process and across a worker's port; streams and Blobs
 * are transferred. Errors are `CairnError`s by code.
 */
export interface Library {
  list(): Promise<readonly RepoSummary[]>
  get(did: string): Promise<RepoSummary | undefined>
  /**
   * A person is about to ask for a repo: what takes one in is compiled meanwhile, in short turns, some 100 ms in all.
   * Resolves when that has ended. Cheap to call again.
   */
  prepare(): Promise<void>
  /**
   * Starts a backup of a handle, DID, or at:// URI (first or update). Resolves when the job exists; rejects for what
   * names no account.
   */
  backup(input: string, options?: BackupOptions): Promise<Job>
  /** Starts an import of a CAR file (optionally its identity document beside it). */
  importFile(file: Blob, name: string): Promise<Job>
  fetchBlobs(did: string): Promise<Job>
  skipBlob(did: string, cid: string, skip: boolean): Promise<void>
  /** Reads everything stored for the head again and proves it again. */
  verify(did: string): Promise<Job>
  cancel(jobId: string): Promise<void>
  /** Goes on with a failed, cancelled or cut-off job of this repo. */
  resume(did: string): Promise<Job>
  /** Drops what a cut-off import has stored so far. */
  discardUnfinished(did: string): Promise<void>

  snapshots(did: string): Promise<readonly SnapshotSummary[]>
  changes(
    did: string,
    from: string | undefined,
    to: string,
    page?: { offset: number; limit: number },
  ): Promise<ChangeSet>
  records(query: RecordQuery): Promise<RecordPage>
  record(did: string, path: string, snapshot?: string): Promise<RecordDetail>
  versions(did: string, path: string): Promise<readonly RecordVersion[]>
  /** A CAR that holds the commit, the path and the record: an inclusion proof anyone can check. */
  proofCar(did: string, path: string, snapshot?: string): Promise<Uint8Array>
  blobs(did: string, page: { offset: number; limit: number; state?: BlobState }): Promise<BlobPage>
  /** The bytes, checked against the CID when they were stored. */
  blob(did: string, cid: string): Promise<Blob>
  search(query: SearchQuery): Promise<SearchResult>

  exportRepo(did: string, format: ExportFormat, snapshot?: string): Promise<ExportFile>
  setRetention(did: string, retention: Retention): Promise<void>
  deleteSnapshot(did: string, snapshot: string): Promise<void>
  deleteRepo(did: string): Promise<void>

  /** Collections that are kept without the rest of their repos; `network.keepCollection` makes one. */
  partials(): Promise<readonly PartialCopy[]>
  /** Records of one, each page proven again as it is read. Errors: `sync.not-kept`; `repo.*` when the disk is damaged */
  readPartial(query: PartialQuery): Promise<PartialPage>
  deletePartial(did: string, collection: string): Promise<void>
}

export interface Activity {
  list(page: { before?: string; limit: number }): Promise<readonly ActivityItem[]>
  jobs(): Promise<readonly Job[]>
  clear(): Promise<void>
}

export interface Device {
  storage(): Promise<StorageStatus>
  settings(): Promise<Settings>
  setSettings(change: Partial<Settings>): Promise<Settings>
  /** Notes that a page has asked the browser to keep the storage for good. */
  persistAsked(): Promise<void>
  /** Deletes everything that Cairn keeps on this device. */
  wipe(): Promise<void>
}

export interface Cairn {
  readonly library: Library
  readonly activity: Activity
  readonly device: Device
  readonly network: Network
  readonly spaces: Spaces
  readonly accounts: Accounts
  readonly moving: Moving
  readonly writing: Writing
  subscribe(listener: (event: CairnEvent) => void): () => void
  close(): Promise<void>
}
