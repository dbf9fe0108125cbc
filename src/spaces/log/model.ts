import type { KeyCard } from '../key-card.ts'
import type { Members } from '../members/members.ts'

/**
 * What a space's members and its stores share beside the repos: signed membership operations (which tell who may
 * write, joins by link among them) and the key cards of devices. It only grows. It is kept in the table `space-log`,
 * and holds after a restart.
 */
export interface SpaceLog {
  readonly space: string
  /** CID of the operation that the space began with */
  readonly root: string
  readonly members: Members
  /**
   * Takes in operations and cards as they came, in any order, and keeps what counts; durable when it resolves. Bad
   * ones change nothing and are told. What waits for its parents is not kept over a restart.
   *
   * @throws StorageError: what did not get to the disk is seen by nobody here, and is written with the next `add`
   */
  add(items: LogItems): Promise<LogAdded>
  /** CIDs of operations that no other names as a parent, ascending: what `after` of another log takes */
  heads(): readonly string[]
  /** CIDs of all operations that are neither one of these nor an ancestor of one, parents first; unknown CIDs are passed over */
  after(heads: readonly string[]): readonly string[]
  /** an operation's bytes; undefined when it is not here */
  operation(cid: string): Uint8Array | undefined
  /** the card of a device, proven */
  card(device: string): KeyCard | undefined
  /** cards as they came, by device, ascending */
  cards(): ReadonlyMap<string, Uint8Array>
  /** 32 bytes: the same for two logs with the same operations and cards */
  digest(): Uint8Array
  /** bytes that it takes on disk */
  readonly bytes: number
  /**
   * What a key that has no access any more, or a link that lets in no more, is told: see `EndingOf` in
   * `members/endings.ts`. Nothing that is not on the disk.
   */
  endingOf(key: string, have: readonly string[]): readonly string[] | undefined
  /** the operation by which a device joined; undefined when it came in another way */
  joinOf(device: string): Uint8Array | undefined
  /**
   * Takes in the operation by which this device joins, and nothing that is another: for those who have no access yet.
   * True when it is in.
   *
   * @throws StorageError
   */
  knock(device: string, join: Uint8Array): Promise<boolean>
  /** Told after something entered. */
  onChange(listener: () => void): () => void
}

export interface LogItems {
  readonly operations?: readonly Uint8Array[]
  readonly cards?: readonly Uint8Array[]
}

export interface LogAdded {
  /** something is new here */
  readonly changed: boolean
  /** CIDs that entered, parents first */
  readonly entered: readonly string[]
  readonly refused: readonly { readonly what: 'operation' | 'card'; readonly code: string }[]
  /** CIDs to ask for: parents that operations wait for */
  readonly missing: readonly string[]
}
