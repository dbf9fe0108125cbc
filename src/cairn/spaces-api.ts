import type { ExportFile } from './model.ts'
import type {
  AccountRecord,
  Edit,
  Entity,
  FieldVersion,
  GroupCopy,
  JoinLink,
  JoinPreview,
  JoinRequest,
  Kind,
  MakeLink,
  NoteContent,
  NoteVersion,
  Presence,
  RecoveredSpace,
  RecoveryState,
  SpaceDetail,
  SpaceFileState,
  SpaceHit,
  SpaceRole,
  SpaceSnapshot,
  SpaceSummary,
  TypedText,
} from './space-model.ts'

/** Group spaces. Everything here works with no network; what has to travel follows when there is one. */
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
  /** On the other device: it and the one that shows the link become one person's. */
  joinDevice(url: string, options: { readonly name: string }): Promise<SpaceSummary>
  /** Says in the space that this person is an atproto account; undefined takes it back. */
  setAccount(space: string, did: string | undefined): Promise<void>
  /** What that account would have to publish for the claim to be proven. It shows that the account is in some space. */
  accountRecord(space: string, did: string): Promise<AccountRecord>
  /**
   * Looks now whether the account that a person claims says so too.
   *
   * @throws CairnError: neither its server nor a copy could be read
   */
  checkAccount(space: string, person: string): Promise<boolean>
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

  /**
   * Everything of a note's text, as one Yjs update, and the client id under which this editor has to make its own:
   * each editor asks once. `salt` is for what it types.
   */
  note(
    space: string,
    id: string,
  ): Promise<{ readonly state: Uint8Array; readonly client: number; readonly salt: Uint8Array }>
  /** What was typed: others see it at once, and it is stored within half a second. */
  typeNote(space: string, id: string, update: Uint8Array, salt?: Uint8Array): Promise<void>
  /**
   * Resolves when all that was typed is durable. `typed`: what an editor made since it was told so last. Whoever led
   * then may have ended with it.
   */
  flushNote(space: string, id: string, typed?: readonly TypedText[]): Promise<void>
  noteVersions(space: string, id: string): Promise<readonly NoteVersion[]>
  /** Makes a note's text what it was; what it is now is kept as a version. */
  restoreNote(space: string, id: string, version: string): Promise<void>

  addFile(space: string, file: Blob, name: string): Promise<string>
  replaceFile(space: string, id: string, file: Blob): Promise<void>
  /** All of it, checked, once it is here. */
  file(space: string, id: string): Promise<Blob>
  /** Resolves when all of it is here, or when that was cancelled. */
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

  /** What is in it at this moment: all but the texts of notes. */
  snapshot(space: string): Promise<SpaceSnapshot>
  noteContent(space: string, id: string): Promise<NoteContent>
  /** A zip: JSON, Markdown of notes, files as files. A passphrase seals it. */
  export(space: string, options?: { readonly passphrase?: string }): Promise<ExportFile>
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
  ): Promise<readonly RecoveredSpace[]>
}
