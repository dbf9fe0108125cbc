import type { ChunkRef, SnapshotManifest } from './manifest-model.ts'
import type { TableSchema } from './table-model.ts'
import type { JsonObject, JsonValue, Row } from './values.ts'

/** What a sync pack holds: the answer to one push, one pull, or both. Absent parts are absent keys. */
export interface SyncPack {
  readonly ok: boolean
  /** the schema that a client must have at least, and the newest there is */
  readonly requiredSchemaVersion?: number
  readonly latestSchemaVersion?: number
  readonly push?: PushResponse
  readonly pull?: PullResponse
}

export interface PushResponse {
  readonly ok: boolean
  readonly commits: readonly PushedCommit[]
}

/** In the order of their numbers from 1. */
export const PUSH_STATUSES = ['applied', 'cached', 'rejected'] as const

export interface PushedCommit {
  readonly ok: boolean
  readonly clientCommitId: string
  readonly status: (typeof PUSH_STATUSES)[number]
  readonly commitSeq?: number
  readonly results: readonly OperationResult[]
}

export type OperationResult =
  | { readonly opIndex: number; readonly status: 'applied' }
  | {
      readonly opIndex: number
      readonly status: 'conflict'
      readonly message: string
      readonly code?: string
      readonly serverVersion: number
      readonly serverRow: JsonValue
    }
  | {
      readonly opIndex: number
      readonly status: 'error'
      readonly error: string
      readonly code?: string
      readonly retriable?: boolean
    }

export interface PullResponse {
  readonly ok: boolean
  readonly subscriptions: readonly Subscription[]
}

export const SUBSCRIPTION_STATUSES = ['active', 'revoked'] as const

export interface Subscription {
  readonly id: string
  readonly status: (typeof SUBSCRIPTION_STATUSES)[number]
  readonly scopes: Scopes
  readonly bootstrap: boolean
  /** how a bootstrap goes on; absent when there is none or it is done */
  readonly bootstrapState?: JsonObject
  readonly nextCursor: number
  readonly integrity?: Integrity
  readonly commits: readonly PackCommit[]
  readonly snapshots?: readonly Snapshot[]
}

/** Which rows: by name one value or several. */
export interface Scopes {
  readonly [name: string]: string | readonly string[]
}

/** Where the commits of a subscription join the chain, and where they take it. */
export interface Integrity {
  readonly partitionId: string
  readonly previousChainRoot: string
  readonly commitChainRoot: string
  /** of the last commit */
  readonly commitSeq: number
}

export interface PackCommit {
  readonly commitSeq: number
  /** ISO 8601 with milliseconds and `Z` */
  readonly createdAt: string
  readonly actorId: string
  readonly changes: readonly Change[]
  /**
   * Tables whose rows may travel in binary groups; of a pack that was read, those that did. Rows with bytes can
   * travel in no other way.
   */
  readonly schemas?: readonly TableSchema[]
}

/** In the order of their numbers from 1. */
export const OPERATIONS = ['upsert', 'delete'] as const

export interface Change {
  readonly table: string
  readonly rowId: string
  readonly op: (typeof OPERATIONS)[number]
  /** null when there is none */
  readonly row: JsonValue | Row
  readonly rowVersion?: number
  readonly scopes: ChangeScopes
}

/** Changes of one commit with the same scopes share one object when they were read. */
export interface ChangeScopes {
  readonly [name: string]: string
}

export interface Snapshot {
  readonly table: string
  readonly rows: readonly JsonValue[]
  readonly chunks?: readonly ChunkRef[]
  readonly isFirstPage: boolean
  readonly isLastPage: boolean
  /** where a bootstrap can go on once this page is durable */
  readonly bootstrapStateAfter?: JsonObject
  readonly manifest?: SnapshotManifest
  readonly artifacts?: readonly JsonObject[]
}

export const PACK_MAGIC = 'SSP1'
export const PACK_VERSION = 14
