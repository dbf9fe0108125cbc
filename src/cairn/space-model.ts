import type { Entity, Edit, FieldVersion, Kind } from '../spaces/content/model.ts'

/** What the API of group spaces speaks of. Plain data: every type here survives a structured clone. */

export type { Edit, Entity, FieldVersion, Kind }
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

export interface SpaceSummary {
  /** `at://{did:key}/space/app.cairn.group/{skey}` */
  readonly space: string
  readonly title: string
  readonly role: SpaceRole | 'none'
  readonly state: 'member' | 'asked' | 'left' | 'removed'
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
  /** members' repos are kept by the group */
  readonly backup: boolean
  readonly persons: readonly SpacePerson[]
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
  /** an atproto account; `proven` when its repo says so too */
  readonly account: { readonly did: string; readonly proven: boolean } | undefined
  readonly repos: readonly string[]
  readonly keeps: readonly string[]
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

export interface RecoveryState {
  /** the person has confirmed that they have it */
  readonly confirmedAt: number | undefined
  /** spaces that it opens */
  readonly spaces: number
  /** something is there to lose and nothing is kept apart */
  readonly isDue: boolean
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

export interface Spaces {
  list(): Promise<readonly SpaceSummary[]>
  get(space: string): Promise<SpaceDetail | undefined>
  create(options: {
    readonly title: string
    readonly name: string
    readonly hidePast?: boolean
  }): Promise<SpaceSummary>
  /** Deletes everything of it from this device: keys, content, files. */
  forget(space: string): Promise<void>
  leave(space: string): Promise<void>

  /** What the text of a link says, or why it opens nothing. */
  preview(link: string): Promise<JoinPreview>
  /** In, or a request that waits (`asked`). */
  join(link: string, options: { readonly name: string }): Promise<SpaceSummary>
  links(space: string): Promise<readonly JoinLink[]>
  makeLink(space: string, options: MakeLink): Promise<JoinLink>
  revokeLink(space: string, link: string): Promise<void>
  requests(space: string): Promise<readonly JoinRequest[]>
  admit(space: string, request: string, role: SpaceRole): Promise<void>
  decline(space: string, request: string): Promise<void>

  setRole(space: string, person: string, role: SpaceRole): Promise<void>
  removePerson(space: string, person: string): Promise<void>
  removeDevice(space: string, device: string): Promise<void>
  /** Who takes over when the owner is gone: a person, or nobody. */
  setSuccessor(space: string, person: string | undefined): Promise<void>
  /** Takes over as the successor. */
  succeed(space: string): Promise<void>
  /** A link (or QR code) that makes another device one of this person's; once, for ten minutes. */
  deviceLink(space: string): Promise<{ readonly url: string; readonly expiresAt: number }>
  /** Hides an item from everyone, or shows it again: admins. */
  hide(space: string, item: string, hidden: boolean): Promise<void>

  /** Durable on this device when it resolves. */
  edit(space: string, edits: readonly Edit[]): Promise<void>
  entities(
    space: string,
    kind: Kind,
    options?: { readonly hidden?: boolean; readonly deleted?: boolean },
  ): Promise<readonly Entity[]>
  entity(space: string, item: string): Promise<Entity | undefined>
  replies(space: string, item: string): Promise<readonly Entity[]>
  reactions(
    space: string,
    items: readonly string[],
  ): Promise<
    Readonly<Record<string, readonly { readonly emoji: string; readonly persons: readonly string[] }[]>>
  >
  history(space: string, item: string): Promise<readonly FieldVersion[]>
  restore(space: string, item: string, counter: number): Promise<void>
  /** Takes back this device's last change here, if nobody has changed the same since. */
  undo(space: string): Promise<boolean>
  redo(space: string): Promise<boolean>
  search(space: string, text: string): Promise<readonly SpaceHit[]>
  markRead(space: string, place: string, upTo: number): Promise<void>
  unread(space: string): Promise<Readonly<Record<string, number>>>

  /** Everything of a note's text, as one Yjs update. */
  note(space: string, id: string): Promise<Uint8Array>
  /** What was typed: others see it at once, and it is stored within half a second. */
  typeNote(space: string, id: string, update: Uint8Array): Promise<void>
  /** Resolves when all that was typed is durable. */
  flushNote(space: string, id: string): Promise<void>
  noteVersions(space: string, id: string): Promise<readonly NoteVersion[]>

  addFile(space: string, file: Blob, name: string): Promise<string>
  replaceFile(space: string, id: string, file: Blob): Promise<void>
  /** All of it, checked, once it is here. */
  file(space: string, id: string): Promise<Blob>
  fetchFile(space: string, id: string): Promise<void>
  cancelFile(space: string, id: string): Promise<void>
  files(space: string): Promise<readonly SpaceFileState[]>

  presence(space: string): Promise<readonly Presence[]>
  setPresence(
    space: string,
    where:
      | { readonly where: string; readonly typing?: boolean; readonly cursor?: Presence['cursor'] }
      | undefined,
  ): Promise<void>

  copies(space: string): Promise<readonly GroupCopy[]>
  offerRepo(space: string, did: string, offered: boolean): Promise<void>
  keepCopy(space: string, did: string, keep: boolean): Promise<void>

  /** A zip: JSON, Markdown of notes, files as files. A passphrase seals it. */
  export(space: string, options?: { readonly passphrase?: string }): Promise<import('./model.ts').ExportFile>
  /** A new space with what an export holds. */
  import(file: Blob, options: { readonly name: string; readonly passphrase?: string }): Promise<SpaceSummary>

  recovery(): Promise<RecoveryState>
  /** Twelve words; kept by nobody but the person. */
  makeRecovery(): Promise<{ readonly words: string }>
  confirmRecovery(words: string): Promise<void>
  recoveryFile(passphrase: string | undefined): Promise<Blob>
  /** Opens the spaces again on a bare device: words, or a recovery file. */
  recover(
    from: { readonly words: string } | { readonly file: Blob; readonly passphrase?: string },
    name: string,
  ): Promise<readonly SpaceSummary[]>
}

export type SpaceEvent =
  /** one space's summary or members changed */
  | { readonly type: 'space'; readonly space: string }
  | { readonly type: 'spaces' }
  /** entities of these items changed: `{kind}/{id}` */
  | { readonly type: 'space-items'; readonly space: string; readonly items: readonly string[] }
  /** text of a note, from elsewhere: a Yjs update */
  | { readonly type: 'space-note'; readonly space: string; readonly id: string; readonly update: Uint8Array }
  | { readonly type: 'space-presence'; readonly space: string }
  | { readonly type: 'space-file'; readonly space: string; readonly id: string }
