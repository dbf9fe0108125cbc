import type { Role } from '../members/model.ts'

/** A value of a field: what DAG-CBOR and a structured clone both keep. */
export type FieldValue =
  | string
  | number
  | boolean
  | null
  | Uint8Array
  | readonly FieldValue[]
  | { readonly [name: string]: FieldValue }

/**
 * What a space is made of. Shared kinds (space, note, task, file, pin) can be changed by every writer, field by
 * field. Owned kinds (profile, post, reaction, read) belong to one person: what other people's devices write under
 * their ids is ignored.
 */
export const KINDS = ['space', 'profile', 'post', 'reaction', 'note', 'task', 'file', 'pin', 'read'] as const
export type Kind = (typeof KINDS)[number]

/** Whose words an entity holds that came from an export of another space, and when they were written there. */
export interface Origin {
  readonly name: string
  /** ms, by a clock of then */
  readonly at: number
}

/**
 * Fields of each kind. A field that is absent has not been set. `deleted` is a field of all kinds. Entities are named
 * by `{kind}/{id}` where one speaks of another (a reply's parent, a pin's target).
 */
export interface Fields {
  /** id `space`: the only one; admins only */
  readonly space: { readonly title?: string; readonly about?: string; readonly backup?: boolean }
  /** id: the person's tag alone */
  readonly profile: {
    readonly name?: string
    /** entity of a `file` */
    readonly picture?: string
    /** DIDs of atproto repos that the person offers for the group's backup */
    readonly repos?: readonly string[]
    /** what the person's devices keep for others: which head, and when they looked last (ms; 0: not yet) */
    readonly keeps?: readonly { readonly did: string; readonly rev: string; readonly at: number }[]
    /** an atproto account that vouches for this person, claimed (null: no more); see `spaces/persons` for the proof */
    readonly account?: string | null
  }
  readonly post: {
    readonly text?: string
    /** entity that it answers: a post, note, task or file */
    readonly parent?: string
    /** entities of `file`s */
    readonly files?: readonly string[]
    /** `did:key`s of persons who are mentioned */
    readonly mentions?: readonly string[]
    readonly from?: Origin
  }
  /** id: `{person's tag}.{hash of target and emoji}` */
  readonly reaction: { readonly target?: string; readonly emoji?: string; readonly on?: boolean }
  /** the text itself is a document of its own: `spaces/text` */
  readonly note: { readonly title?: string; readonly from?: Origin }
  readonly task: {
    readonly title?: string
    readonly done?: boolean
    /** `did:key` of a person */
    readonly assignee?: string | null
    /** `YYYY-MM-DD` */
    readonly due?: string | null
    /** fractional index: text that sorts */
    readonly order?: string
    readonly from?: Origin
  }
  readonly file: {
    readonly name?: string
    /** MIME type as told; never trusted */
    readonly type?: string
    readonly size?: number
    /** `encodeSealedFile` of the current version */
    readonly sealed?: Uint8Array
    /** a small picture of it, at most 32 KiB, WebP or JPEG */
    readonly preview?: Uint8Array
    readonly from?: Origin
  }
  readonly pin: { readonly target?: string; readonly on?: boolean; readonly order?: string }
  /** id by `readId(person, place)`: up to which counter the person has read there; of several the greatest */
  readonly read: { readonly upTo?: number }
}

/** One change that a person makes, before it has a counter. */
export interface Edit<K extends Kind = Kind> {
  readonly kind: K
  readonly id: string
  readonly set: Fields[K] & { readonly deleted?: boolean }
  /** fields that are to be as if they had never been set: what undo and restore need */
  readonly unset?: readonly string[]
}

/** A record as it is sealed: `collection` is `app.cairn.space.{kind}`, `rkey` the entity's id. */
export interface InnerRecord {
  readonly collection: string
  readonly rkey: string
  /** DAG-CBOR of a map */
  readonly value: Uint8Array
}

/** Where an inner record lies: one author has one for one entity. */
export interface InnerPlace {
  readonly collection: string
  readonly rkey: string
}

/** An entity as all that is known makes it. */
export interface Entity<K extends Kind = Kind> {
  readonly kind: K
  readonly id: string
  readonly fields: Fields[K]
  readonly deleted: boolean
  /** an admin has hidden it */
  readonly hidden: boolean
  /** person who made it: of the register with the lowest counter */
  readonly by: string
  /** ms, by the clock of the device that made it; shown only */
  readonly madeAt: number
  /** of the newest change */
  readonly changedAt: number
  readonly changedBy: string
  /** Lamport counter of the newest change: what is after it is news */
  readonly counter: number
  /** a clock that says more than 10 minutes ahead of ours was seen in it */
  readonly clockAhead: boolean
  /** of this device, and not yet at any peer or store */
  readonly unsent: boolean
}

/** A value that a field had. */
export interface FieldVersion {
  readonly field: string
  readonly value: FieldValue | undefined
  readonly at: number
  readonly counter: number
  readonly by: string
  readonly device: string
}

/** Who is behind a device, as the members' operations say now. */
export interface WhoIs {
  /** the person of a device, whatever its role by now; undefined for one that never was of a person */
  personOf(device: string): string | undefined
  roleOf(person: string): Role
  /** items that an admin has hidden: `{kind}/{id}` */
  isHidden(item: string): boolean
}

/**
 * The merged content of one space, in memory: a pure function of the records that were put in, whatever the order.
 * Of each device it holds one register for each entity; a view takes, for each field, the value with the greatest
 * counter (then the greater device DID).
 */
export interface Content {
  /**
   * Takes in what a device's record is now: undefined when it is gone. What is malformed is told and counts for
   * nothing, until it is replaced.
   */
  put(device: string, place: InnerPlace, value: Uint8Array | undefined): ContentFault | undefined
  /** Everything of one device is forgotten: its repo is gone, or went back to another head. */
  drop(device: string): void
  /** Roles, persons or hidden items changed. */
  membersChanged(): void
  /**
   * The records by which this device makes these edits now, over all that was seen: one for each entity, with
   * counters (ascending in the order of the edits) and with what stays of history. They count after `put`. Edits that
   * change nothing give no record.
   *
   * @throws ContentError `content.invalid`, `content.no-person`, `content.read-only`, `content.not-yours`,
   *   `content.admins-only`, `content.too-large`, `content.version`, `content.exhausted`
   */
  edit(device: string, edits: readonly Edit[], now: number): readonly InnerRecord[]
  get<K extends Kind>(kind: K, id: string): Entity<K> | undefined
  /** Those of a kind that are neither deleted nor hidden, in the order of the kind (newest first; tasks and pins by `order`). */
  list<K extends Kind>(
    kind: K,
    options?: { readonly hidden?: boolean; readonly deleted?: boolean },
  ): readonly Entity<K>[]
  /** Replies of an entity, oldest first. */
  replies(item: string): readonly Entity<'post'>[]
  /** Emoji of an entity with the persons who gave it, in the order in which they first came. */
  reactions(item: string): readonly { readonly emoji: string; readonly persons: readonly string[] }[]
  /** Earlier and present values of an entity's fields, newest first. */
  history(kind: Kind, id: string): readonly FieldVersion[]
  /**
   * The edit that brings back what an entity's fields were just after this counter. A field whose value of then is
   * no longer in history is left alone.
   *
   * @throws ContentError `content.unknown`
   */
  restore(kind: Kind, id: string, counter: number): Edit
  /** What a person has not seen, by their `read` marks, and by marks of theirs that are nowhere in the content. */
  unread(person: string, own?: ReadonlyMap<string, number>): Unread
  /** Posts and replies by others that mention a person, newest first. */
  mentions(person: string): readonly Entity<'post'>[]
  /** `{kind}/{id}` of all that has changes of this device which nobody else has yet, in place of what was said before. */
  setUnsent(items: Iterable<string>): void
  /** The counter that the next edit is after, and that a `read` mark is set to: the greatest seen, within bounds. */
  readonly counter: number
  /** Entities whose view may have changed since the last call, `{kind}/{id}`; read once. */
  takeChanged(): readonly string[]
}

export interface ContentFault {
  readonly code: string
  readonly device: string
  readonly place: InnerPlace
  /** of `content.field`: the first field whose value does not fit */
  readonly field?: string
}

/**
 * What is news to a person. A place is `posts` (posts that answer nothing), `notes`, `tasks`, `files`, or an entity
 * with replies, as `{kind}/{id}`. Places without news are not there.
 */
export interface Unread {
  readonly places: Readonly<Record<string, number>>
  /** over all places */
  readonly total: number
  /** posts and replies among it that mention the person, `post/{id}`, newest first */
  readonly mentions: readonly string[]
}
