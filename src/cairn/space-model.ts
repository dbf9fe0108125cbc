import type { Entity, Edit, FieldVersion, Kind } from '../spaces/content/model.ts'
import type { Snapshot } from '../spaces/content/snapshot.ts'
import type { TypedText } from '../spaces/text/note-text.ts'
import type { TextElement } from '../spaces/text/tree.ts'

/** What the API of group spaces speaks of. Plain data: every type here survives a structured clone. */

export type { Edit, Entity, FieldVersion, Kind, TypedText }
export type SpaceRole = 'admin' | 'writer' | 'reader'

/** How far what is here is known elsewhere. */
export interface SpaceSyncState {
  /** peers and stores that can be reached now */
  readonly connected: number
  /** of the devices and stores that keep this space, those that have all that is here */
  readonly current: number
  readonly known: number
  /** changes of this device that nobody else has yet */
  readonly unsent: number
  /** ms; when another last answered */
  readonly answeredAt: number | undefined
}

/** What is wrong with a space, as a CairnError says it. */
export interface SpaceTrouble {
  readonly code: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface SpaceSummary {
  /** `at://{did:key}/space/app.cairn.group/{skey}` */
  readonly space: string
  readonly title: string
  readonly role: SpaceRole | 'none'
  /** `declined`: an admin answered a request with no; a link opened again asks anew */
  readonly state: 'member' | 'asked' | 'declined' | 'left' | 'removed'
  /**
   * Why nothing of it can be shown, or why a request waits in vain; undefined where all is well. A space that does not
   * open on this device is what its row remembers, and can be forgotten.
   */
  readonly fault: SpaceTrouble | undefined
  readonly members: number
  /** posts, replies and mentions that the person has not seen */
  readonly unread: number
  readonly mentions: number
  readonly sync: SpaceSyncState
  readonly storedBytes: number
  readonly joinedAt: number
  readonly changedAt: number
}

export interface SpaceDetail extends SpaceSummary {
  readonly about: string
  /** own device and own person */
  readonly device: string
  readonly person: string
  /** holds the authority's key: may make and lower admins */
  readonly isOwner: boolean
  readonly hidesPast: boolean
  /**
   * Of a space that is `asked`: who has to come into reach. An admin, who decides; the person's other device, which
   * showed a link; or, while a recovery opens it, anyone who keeps it.
   */
  readonly waitsFor: 'admin' | 'device' | 'keeper' | undefined
  /** Of one that is asked for anew: what was here before is still here. */
  readonly hasCopy: boolean
  /** members' repos are kept by the group */
  readonly backup: boolean
  readonly persons: readonly SpacePerson[]
  /** who is no longer among them, as they called themselves */
  readonly former: readonly { readonly person: string; readonly name: string }[]
  readonly pins: readonly string[]
  readonly peers: readonly SpacePeerState[]
}

export interface SpacePerson {
  /** `did:key` */
  readonly person: string
  /** as they call themselves; '' when they have not yet */
  readonly name: string
  /** entity of a file */
  readonly picture: string | undefined
  readonly role: SpaceRole
  readonly isSelf: boolean
  /** of the people here, who holds the authority, as far as it is known */
  readonly isOwner: boolean
  readonly devices: readonly SpaceDeviceState[]
  /** title of the join link by which they came, and who made it */
  readonly via: { readonly link: string; readonly by: string } | undefined
  /** the atproto account that they say is theirs */
  readonly account: ClaimedAccount | undefined
  readonly repos: readonly string[]
  readonly keeps: readonly string[]
}

/** A member's claim to an atproto account, and what this device found out about it. */
export interface ClaimedAccount {
  readonly did: string
  /** its own repo names this person too */
  readonly proven: boolean
  /** of a proven one: a handle that leads to the account and that it claims */
  readonly handle: string | undefined
  /** what was read: the account's own server, or a copy that is kept here; undefined before anything was */
  readonly from: 'server' | 'copy' | undefined
  /** ms; when it was read last */
  readonly checkedAt: number | undefined
}

export interface SpaceDeviceState {
  /** `did:key` */
  readonly device: string
  readonly isSelf: boolean
  readonly isRecovery: boolean
  /** ms; when its newest work here was signed, by its own clock */
  readonly lastAt: number | undefined
  readonly here: boolean
}

export interface SpacePeerState {
  readonly peer: string
  readonly kind: 'device' | 'store'
  readonly name: string
  readonly connected: boolean
  readonly current: boolean
  readonly answeredAt: number | undefined
  readonly error: string | undefined
}

export type LinkKind = 'viewer' | 'editor' | 'ask'

export interface JoinLink {
  /** the link's `did:key` */
  readonly link: string
  /** the whole link, where this device made it; shown again as long as it is live */
  readonly url: string | undefined
  readonly kind: LinkKind
  readonly state: 'live' | 'revoked' | 'expired' | 'used-up'
  readonly createdAt: number
  readonly expiresAt: number | undefined
  readonly uses: number
  /** persons who came by it */
  readonly joined: readonly { readonly person: string; readonly name: string; readonly at: number }[]
  /** joins that came too late or were too many: ignored */
  readonly ignored: number
  readonly by: string
  /** whether a relay keeps it: without one only the long form opens it */
  readonly atRelay: boolean
}

export interface MakeLink {
  readonly kind: LinkKind
  /** ms from now; undefined: no end */
  readonly expiresIn: number | undefined
  readonly uses: number
  /** the long form, which needs no relay: only with `ask` */
  readonly long?: boolean
}

/** What a link shows before anything is done. */
export interface JoinPreview {
  readonly space: string
  readonly title: string
  readonly kind: LinkKind
  readonly expiresAt: number | undefined
  /** already a member here */
  readonly isMember: boolean
}

export interface JoinRequest {
  readonly id: string
  readonly device: string
  readonly name: string
  readonly at: number
  readonly link: string
  readonly role: SpaceRole
}

/** Who is here now. Nothing of it is stored. */
export interface Presence {
  readonly person: string
  readonly device: string
  readonly name: string
  /** `{kind}/{id}`, or a screen's name */
  readonly where: string
  readonly typing: boolean
  /** in a note: relative positions, as Yjs encodes them */
  readonly cursor: { readonly anchor: Uint8Array; readonly head: Uint8Array } | undefined
}

export interface SpaceFileState {
  readonly id: string
  /** chunks that are here */
  readonly chunks: number
  readonly of: number
  readonly transfer: 'none' | 'waiting' | 'sending' | 'receiving' | 'failed'
  readonly error: string | undefined
}

export interface SpaceHit {
  /** `{kind}/{id}` */
  readonly item: string
  /** text around the hit, with the hit between */
  readonly before: string
  readonly hit: string
  readonly after: string
}

export interface NoteVersion {
  readonly id: string
  readonly at: number
  readonly by: string
  readonly text: string
}

/** A note's text, for people and as it is. */
export interface NoteContent {
  readonly markdown: string
  readonly tree: readonly TextElement[]
}

/** What is in a space at one moment, for an export of it. */
export interface SpaceSnapshot {
  /** ms */
  readonly at: number
  readonly content: Snapshot
  /** how to open its files, where they have content: with it whoever has the chunks reads them */
  readonly files: readonly { readonly id: string; readonly sealed: Uint8Array }[]
}

export interface RecoveryState {
  /** the person has confirmed that they have it */
  readonly confirmedAt: number | undefined
  /** spaces that it opens */
  readonly spaces: number
  /** another device of the person made it, and told this one */
  readonly byOther: boolean
  /** something is there to lose and nothing is kept apart */
  readonly isDue: boolean
  /** a relay keeps the list of all these spaces: until one does, the words alone do not open them, only the file does */
  readonly isListed: boolean
}

/** A record for an account's own repo: docs/spaces.md, "A person and an atproto account". */
export interface AccountRecord {
  readonly uri: string
  readonly collection: string
  readonly rkey: string
  /** JSON */
  readonly value: Readonly<Record<string, unknown>>
}

/** What a recovery did for one space. */
export interface RecoveredSpace {
  readonly space: string
  readonly title: string
  /** undefined when it was not opened; `asked`: it goes on by itself when somebody who keeps it can be reached */
  readonly summary: SpaceSummary | undefined
  /** why it was not; `spaces.recovery-refused`: the recovery was removed from it */
  readonly error: SpaceTrouble | undefined
}

/** A person's repo and how it stands with the group. */
export interface GroupCopy {
  readonly did: string
  readonly person: string
  readonly handle: string | undefined
  /** persons who keep a copy; `current` when it has the newest head that is known here */
  readonly kept: readonly {
    readonly person: string
    readonly current: boolean
    readonly answeredAt: number | undefined
  }[]
  readonly keptHere: boolean
}

export type SpaceEvent =
  /** one space's summary or members changed */
  | { readonly type: 'space'; readonly space: string }
  | { readonly type: 'spaces' }
  /** entities of these items changed: `{kind}/{id}` */
  | { readonly type: 'space-items'; readonly space: string; readonly items: readonly string[] }
  /** It was opened anew, with this or another context in the lead: what was told of before may not be all there is. */
  | { readonly type: 'space-opened'; readonly space: string }
  /** text of a note, from elsewhere: a Yjs update */
  | {
      readonly type: 'space-note'
      readonly space: string
      readonly id: string
      readonly update: Uint8Array
      /** something that was there is no more: the editor begins anew with this */
      readonly reset: boolean
    }
  | { readonly type: 'space-presence'; readonly space: string }
  | { readonly type: 'space-file'; readonly space: string; readonly id: string }
  /** an archive is being imported: bytes of what is in it */
  | { readonly type: 'space-import'; readonly done: number; readonly of: number }

export type { Spaces } from './spaces-api.ts'
