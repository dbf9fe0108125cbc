import type { Topic } from '../../net/topics.ts'
import type { SpaceStore } from '../../storage/space/store.ts'

/**
 * What the sync of spaces needs of one space that is kept here. A member's device and a store each give one; the
 * store knows no epoch and no content.
 */
export interface SpaceReplica {
  readonly space: string
  /** membership operations and key cards */
  readonly log: ReplicaLog
  /** its repos, whose commits are judged by the log */
  readonly repos: SpaceStore
  /**
   * Whether this is a device (or a link) that may read here: it has a role now, or is a live link of the space.
   * Asked once a connection has proven that the other side holds the key.
   */
  mayRead(key: string): boolean
  /** Says that we are one of them, with our device's key or a link's; undefined where we are a store. */
  readonly prove:
    | ((challenge: Uint8Array) => Promise<{ readonly key: string; readonly sig: Uint8Array }>)
    | undefined
  /** under which members find each other now; empty for a store */
  topics(): readonly SpaceTopic[]
  /** A head moved by what a peer gave. */
  onMoved(author: string, from: string): void
  /** A peer gave what proves that it, or an author, lies: Activity shows it. */
  onFault(fault: SpaceFault): void
  /**
   * Device whose repo is written here; absent at a store, and at a device whose `prove` says it (a link's key is
   * none).
   */
  readonly device?: string
  /** What a peer says that it holds, by author, for whoever knows what it held or must have seen. */
  onOffered?(peer: string, heads: ReadonlyMap<string, OfferedHead>): void
  /** Encrypted chunks of files. */
  readonly chunks: ReplicaChunks
}

export interface SpaceTopic extends Topic {
  /**
   * False: others are looked for under it, and this device is not found there. So who was away while a new epoch began
   * is found under the one that it knows, and whoever was left out of the new one looks in vain. True unless told.
   */
  readonly announce?: boolean
}

/** A part of `SpaceLog` (`spaces/log`): sync and spaces are on one floor. */
export interface ReplicaLog {
  readonly root: string
  heads(): readonly string[]
  digest(): Uint8Array
  after(heads: readonly string[]): readonly string[]
  operation(cid: string): Uint8Array | undefined
  cards(): ReadonlyMap<string, Uint8Array>
  add(items: {
    readonly operations?: readonly Uint8Array[]
    readonly cards?: readonly Uint8Array[]
  }): Promise<{
    readonly changed: boolean
    readonly refused: readonly { readonly what: 'operation' | 'card'; readonly code: string }[]
    readonly missing: readonly string[]
  }>
  /** What a key that has no access any more is told, beside what it has; undefined for all others. */
  endingOf(key: string, have: readonly string[]): readonly string[] | undefined
  /** the operation by which a device joined */
  joinOf(device: string): Uint8Array | undefined
  /** Takes in the join of a device that has no access yet, and nothing that is another; true when it is in. */
  knock(device: string, join: Uint8Array): Promise<boolean>
  onChange(listener: () => void): () => void
}

/** Sealed chunks by id (64 hexadecimal digits: SHA-256 of the bytes). */
export interface ReplicaChunks {
  has(ids: readonly string[]): Promise<readonly boolean[]>
  get(id: string): Promise<Uint8Array | undefined>
  /** Checked against its id before. @throws StorageError, or a refusal for want of room */
  put(id: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>
}

export interface OfferedHead {
  readonly rev: string
  /** the commit's CID */
  readonly commit: string
}

export interface SpaceFault {
  readonly code: string
  /** who gave it; a peer that passes on what an author forked may be honest */
  readonly peer: string
  /**
   * Of what was given by way of a repo `repo` and `author` (`did:key`). Of `space.equivocation` also `rev`, `held` and
   * `other` (CIDs), `heldCommit` and `otherCommit` (the signed bytes): all that shows it to anyone.
   */
  readonly fields: Readonly<Record<string, unknown>>
}

/** How one peer or store stands to a space. */
export interface SpacePeer {
  readonly peer: string
  readonly kind: 'device' | 'store'
  /** the member device that it proved to be */
  readonly device: string | undefined
  readonly connected: boolean
  /** all that is here is there too, as far as it said last */
  readonly current: boolean
  /** ms; when it last answered */
  readonly answeredAt: number | undefined
  /** why it did not, the last time */
  readonly error: string | undefined
}

/** Keeps spaces in step with their members and stores. */
export interface SpaceSync {
  /** Takes a space up: it is announced, looked up, served and kept in step until `leave`. */
  join(replica: SpaceReplica): void
  leave(space: string): Promise<void>
  /** Something was written here, or the log grew: it is told and handed on at once. */
  changed(space: string): void
  /** Epochs changed: other topics. */
  topicsChanged(space: string): void
  /** Brings one in step with everybody within reach; resolves when that was tried. */
  look(space: string): Promise<void>
  peers(space: string): readonly SpacePeer[]
  /** Commits of this device that at least one other has: up to which rev; undefined before any. */
  sentRev(space: string): string | undefined
  /** Fetches chunks from whoever has them; progress is told by each. */
  fetchChunk(space: string, id: string, signal: AbortSignal): Promise<void>
  /** Hands chunks to the stores that keep the space. */
  pushChunks(space: string, ids: readonly string[], signal: AbortSignal): Promise<void>
  /**
   * Has the stores within reach delete a space, for an admin or (by `prove`) the authority. It is left here before, or
   * it would ask them to keep it again; so do others who still keep it. No error: it is not there any more.
   */
  forgetAtStores(
    space: Pick<SpaceReplica, 'space' | 'prove'>,
    signal: AbortSignal,
  ): Promise<readonly { readonly store: string; readonly error: string | undefined }[]>
  onChange(listener: (space: string) => void): () => void
  close(): Promise<void>
}
