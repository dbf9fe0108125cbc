import type { LogAdded, LogItems, SpaceLog } from '../log/model.ts'
import type { Act } from '../members/model.ts'
import type { MembersState } from '../members/state.ts'
import type { Content, Edit } from '../content/model.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import type { SpaceHost } from '../../storage/space/host.ts'
import type { SpaceStore } from '../../storage/space/store.ts'
import type { SpaceDevice } from '../keys/model.ts'
import type { JoinFault } from '../members/joins.ts'
import type { VaultActs } from './acts.ts'
import type { DeviceGrant } from '../links/device-grant.ts'
import type { DeviceOffer } from '../links/device-offer.ts'
import type { OfferOptions } from './device-offer.ts'
import type { SentHead } from './identity.ts'
import type { Heads, SeenVerdict } from './judge-seen.ts'
import type { VaultLinks } from './links.ts'
import type { Persons } from './persons.ts'
import type { RecoveryStand } from './recovering.ts'

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
  /** `asked`: waits for an admin; `declined`: one said no; `left`, `removed`: what was here stays until it is forgotten */
  readonly state: 'member' | 'asked' | 'declined' | 'left' | 'removed'
  /** devices of one's own that a clone was found under: their unsent edits are kept */
  readonly former: readonly string[]
  /** Of one that is asked for anew by who was out: the row as it was, which stays theirs. */
  readonly was?: SpaceRow | undefined
}

/** One space, opened on this device. */
export interface Vault {
  readonly row: SpaceRow
  readonly log: SpaceLog
  readonly state: () => MembersState
  readonly content: Content
  /** what its repos are kept with: `mayWrite` asks the log */
  readonly repos: SpaceHost
  /** its repos: what sync reads from and puts into */
  readonly store: SpaceStore
  readonly persons: Persons
  /** this device; another one after `adoptNewIdentity` */
  readonly device: () => SpaceDevice
  /** whether this device can act as the authority */
  isOwner(): Promise<boolean>
  /**
   * As whom this device asks others for what they have: itself, the link by which it wants in, or the recovery by which
   * it was opened.
   */
  prover(): Promise<SpaceSigner>
  /** own role now */
  readonly role: () => 'none' | 'reader' | 'writer' | 'admin'
  /**
   * Makes these edits: sealed under the right epoch (which is made when there is none), committed to this device's
   * repo, durable when it resolves, and in `content`.
   *
   * @throws SpacesError `spaces.no-person` (not in yet), `spaces.removed`, `spaces.read-only`; ContentError; StorageError
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
  /** Inner records, opened: what stands at these places at one moment. Of a place where nothing stands nothing is said. */
  read(places: readonly VaultPlace[]): Promise<ReadonlyMap<VaultPlace, Uint8Array>>
  /** Inner records of a collection whose rkey begins so, of every device whose work counts. */
  list(collection: string, prefix: string): Promise<readonly OpenedRecord[]>
  /** Signs an operation with this device (and with the authority's key where it is needed and held) and adds it. */
  act(act: Act): Promise<string>
  readonly acts: VaultActs
  readonly links: VaultLinks
  /** Why this device's join counts for nothing; undefined when it counts, waits, or was not made. */
  joinFault(): JoinFault | undefined
  /**
   * Goes on as a new device: this one's repo was found elsewhere with a head that is newer or another. `sent` is the
   * newest head that others have, without it what they say that they have seen; `nothing`: all is taken for unsent and
   * written again.
   */
  adoptNewIdentity(sent?: SentHead | 'nothing'): Promise<void>
  /** Entities that this device changed after a head of its own that others have, `{kind}/{id}`, for `setUnsent`. */
  unsentItems(sent: SentHead | undefined): Promise<readonly string[]>
  /** The person who began the space, or took it over. */
  founder(): string | undefined
  /** What another device of this person is given: see `makeDeviceOffer`. */
  deviceOffer(options: OfferOptions): Promise<DeviceOffer>
  /** What that device is given once it is one of this person's: see `makeDeviceGrant`. */
  deviceGrant(): Promise<DeviceGrant>
  /** How far it is with opening this space by a recovery; undefined when nothing of that is under way. */
  recovery(): RecoveryStand | undefined
  /** This device proves itself by its own key, and by none of what it came from: a recovery, or a former identity. */
  actsAsSelf(): boolean
  /**
   * Has it so from now on: to be called when what others have is here, and they know of this device. False while a
   * recovery's device has not made this one its person's.
   */
  actAsSelf(): Promise<boolean>
  /** Says what this device has seen, at most every 30 s and when there is news; true when it did. */
  publishSeen(): Promise<boolean>
  /** How what a source offers (heads by device) stands to what members said they have seen. */
  judgeSeen(offered: Heads): Promise<SeenVerdict>
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

/** An inner place of one device. */
export interface VaultPlace {
  readonly device: string
  readonly collection: string
  readonly rkey: string
}

export interface OpenedRecord extends VaultPlace {
  readonly value: Uint8Array
}

export interface VaultChange {
  /** `{kind}/{id}` */
  readonly entities: readonly string[]
  /** inner places of other collections: text */
  readonly records: readonly VaultPlace[]
  readonly members: boolean
}

export interface Ignored {
  readonly code: string
  readonly device: string
  readonly fields: Readonly<Record<string, unknown>>
}
