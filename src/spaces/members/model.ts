import type { LinkClosing } from '../links/closing.ts'
import type { JoinFields } from '../links/join.ts'
import type { LinkRecord } from '../links/record.ts'

/** Words of docs/space-members.md. */

export const ROLES = ['none', 'reader', 'writer', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Roles by how much they may. */
export const RANK: Readonly<Record<Role, number>> = { none: 0, reader: 1, writer: 2, admin: 3 }

/** The last commit of a device that stays; null and null for none. */
export interface NamedHead {
  readonly device: string
  /** a TID */
  readonly rev: string | null
  /** the commit's CID */
  readonly commit: string | null
}

export interface CreateBody {
  /** `did:key` of who may take over from the authority */
  readonly successor: string | null
}

export interface RoleBody {
  readonly person: string
  readonly role: Role
  /** the device that the person is named for is one of theirs */
  readonly enrol: boolean
  readonly heads: readonly NamedHead[]
  /** CID of the link record by which they came */
  readonly via: string | null
}

export interface PersonHeadsBody {
  readonly person: string
  readonly heads: readonly NamedHead[]
}

export interface DeviceBody {
  readonly person: string
  readonly device: string
  /** the new device's signature, 64 bytes */
  readonly consent: Uint8Array
}

export interface FreezeBody extends NamedHead {
  /** nothing of the device stays */
  readonly void: boolean
}

export interface JoinBody {
  /** bytes of `signJoin` */
  readonly join: Uint8Array
  /** name of the epoch whose key came with the link, 32 bytes; null for none */
  readonly epoch: Uint8Array | null
}

/** What an operation does. */
export type Act =
  | { readonly kind: 'create'; readonly body: CreateBody }
  | { readonly kind: 'role'; readonly body: RoleBody }
  | { readonly kind: 'leave'; readonly body: PersonHeadsBody }
  | { readonly kind: 'device'; readonly body: DeviceBody }
  | { readonly kind: 'drop'; readonly body: PersonHeadsBody }
  | { readonly kind: 'freeze'; readonly body: FreezeBody }
  | { readonly kind: 'cut'; readonly body: { readonly devices: readonly string[] } }
  | { readonly kind: 'successor'; readonly body: { readonly key: string } }
  | { readonly kind: 'succeed'; readonly body: Readonly<Record<string, never>> }
  | { readonly kind: 'hide'; readonly body: { readonly item: string; readonly hidden: boolean } }
  /** bytes of `signLinkRecord` */
  | { readonly kind: 'link'; readonly body: { readonly record: Uint8Array } }
  | { readonly kind: 'join'; readonly body: JoinBody }
  /** bytes of `signLinkClosing` */
  | { readonly kind: 'close'; readonly body: { readonly closing: Uint8Array } }

export type Kind = Act['kind']

export interface OperationFields {
  readonly space: string
  /** the device's `did:key` */
  readonly author: string
  readonly seq: number
  /** CIDs, ascending as text */
  readonly parents: readonly string[]
  /** milliseconds since the Unix epoch by the author's clock; shown, never used */
  readonly at: number
  readonly act: Act
}

/** A join as the rules look at it. */
export interface JoinLetter extends JoinFields {
  /** hexadecimal */
  readonly id: string
}

/** What the bytes in a `link`, `join` or `close` say. */
export type Letter =
  | { readonly of: 'link'; readonly record: LinkRecord }
  | { readonly of: 'join'; readonly join: JoinLetter }
  | { readonly of: 'close'; readonly closing: LinkClosing }

export interface Operation extends OperationFields {
  /** null for all other kinds */
  readonly letter: Letter | null
  /** the authority whose signature it has */
  readonly authority: string | null
}

export const MAX_OPERATION_BYTES = 65_536
/** Operations of one author in one space. */
export const MAX_SEQ = 4_096
/** Those of one that was no admin. */
export const MAX_MEMBER_SEQ = 256
export const MAX_PARENTS = 256
/** Devices and heads named in one operation. */
export const MAX_NAMED = 256
/** A person who was given so many is given no further device. */
export const MAX_PERSON_DEVICES = 256
/** Joins of one link that count for nothing and are taken in without need. */
export const MAX_IDLE_JOINS = 64
/** UTF-16 units of what is hidden. */
export const MAX_ITEM = 512
