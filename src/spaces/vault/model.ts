import type { LogAdded, LogItems, SpaceLog } from '../log/model.ts'
import type { Act } from '../members/model.ts'
import type { MembersState } from '../members/state.ts'
import type { Content, Edit } from '../content/model.ts'
import type { SpaceHost } from '../../storage/space/host.ts'

/** A row of the table `spaces`, by the space's URI. */
export interface SpaceRow {
  readonly space: string
  /** CID of the first operation */
  readonly root: string
  /** own device in this space: `did:key` */
  readonly device: string
  /** own person, as far as it is known: the `did:key` of its first device */
  readonly person: string | undefined
  /** as last seen, to be shown before anything is opened */
  readonly title: string
  readonly relays: readonly string[]
  readonly hidePast: boolean
  readonly joinedAt: number
  /** `asked`: waits for an admin; `left`, `removed`: what was here stays until it is forgotten */
  readonly state: 'member' | 'asked' | 'left' | 'removed'
  /** devices of one's own that a clone was found under: their unsent edits are kept */
  readonly former: readonly string[]
}

/** One space, opened on this device. */
export interface Vault {
  readonly row: SpaceRow
  readonly log: SpaceLog
  readonly state: () => MembersState
  readonly content: Content
  /** what its repos are kept with: `mayWrite` asks the log */
  readonly repos: SpaceHost
  /** own role now */
  readonly role: () => 'none' | 'reader' | 'writer' | 'admin'
  /**
   * Makes these edits: sealed under the right epoch (which is made when there is none), committed to this device's
   * repo, durable when it resolves, and in `content`.
   *
   * @throws SpacesError `spaces.removed`, `spaces.read-only`; ContentError; StorageError
   */
  edit(edits: readonly Edit[]): Promise<void>
  /** Puts inner records (of text) in the same way. A value of undefined deletes. */
  write(
    records: readonly {
      readonly collection: string
      readonly rkey: string
      readonly value: Uint8Array | undefined
    }[],
  ): Promise<void>
  /** An inner record of a device, opened. */
  read(device: string, collection: string, rkey: string): Promise<Uint8Array | undefined>
  /** Inner records of a collection whose rkey begins so, of every device whose work counts. */
  list(collection: string, prefix: string): Promise<readonly OpenedRecord[]>
  /** Signs an operation with this device (and with the authority's key where it is needed and held) and adds it. */
  act(act: Act): Promise<string>
  /** Takes in operations and cards from others. */
  learn(items: LogItems): Promise<LogAdded>
  /** A repo's head moved: what changed is opened and put into `content`. */
  moved(author: string): Promise<void>
  /** Epochs that this device can open, newest first; topics and presence are made of the newest. */
  epochs(): readonly { readonly name: string; readonly key: Uint8Array }[]
  /** What was ignored, and why: for Activity. */
  readonly onIgnored: (listener: (what: Ignored) => void) => () => void
  /** Told after `content` or the members changed. */
  readonly onChange: (listener: (change: VaultChange) => void) => () => void
  close(): Promise<void>
}

export interface OpenedRecord {
  readonly device: string
  readonly collection: string
  readonly rkey: string
  readonly value: Uint8Array
}

export interface VaultChange {
  /** `{kind}/{id}` */
  readonly entities: readonly string[]
  /** inner places of other collections: text */
  readonly records: readonly { readonly device: string; readonly collection: string; readonly rkey: string }[]
  readonly members: boolean
}

export interface Ignored {
  readonly code: string
  readonly device: string
  readonly fields: Readonly<Record<string, unknown>>
}
