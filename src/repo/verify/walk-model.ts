import type { MstNode } from '../mst/node.ts'
import type { CollectionTotals } from '../mst/read.ts'
import type { Place, StoredChild, StoredNode } from '../mst/stored.ts'

/** What the walk asks about the blocks that have come so far. Digests are given as bytes and an offset. */
export interface WalkBlocks {
  /** The node; `missing` when it has not come; `elsewhere` when it was spilled and must be loaded first. */
  node(bytes: Uint8Array, at: number): MstNode | 'missing' | 'elsewhere'
  /**
   * Where the record is kept; `missing` when it has not come; `elsewhere` as for nodes, whose bytes it may
   * have. Throws when it came and is no sound record.
   */
  record(bytes: Uint8Array, at: number): Place | 'missing' | 'elsewhere'
  /** Byte offset in the CAR at which a node came, for reports. */
  position(bytes: Uint8Array, at: number): number
}

export interface WalkSink {
  /** A node whose whole subtree is proven, children before parents. Returns where it is kept. */
  node(stored: StoredNode, digest: Uint8Array, layer: number): Place
}

export interface TreeRoot extends StoredChild {
  readonly layer: number
}

/** `more`: it paused, for its sink to catch up. `waiting`: for the block {@link TreeWalk.wanted} names. `elsewhere`: for a spilled node to be loaded. */
export type WalkState = 'done' | 'more' | 'waiting' | 'elsewhere'

export interface TreeWalk {
  /** Goes as far as the blocks at hand allow, at most some thousand nodes at a time. */
  advance(): WalkState
  /**
   * Checks the layers of keys that were met and not yet hashed: to be called by a sink before it lets go of
   * nodes in the midst of an `advance`, which checks all of them before it returns.
   */
  check(): void
  /** The digest that the walk waits for. */
  wanted(): { readonly digest: Uint8Array; readonly as: 'node' | 'record' } | undefined
  readonly root: TreeRoot | undefined
  /** proven so far */
  readonly records: number
  /** path of the last record proven: everything up to it is; undefined before the first */
  last(): string | undefined
  /** collections proven so far, in order */
  readonly collections: readonly CollectionTotals[]
}
