import type { Sealed } from '../../pds/account/seal.ts'

/** `move`: the old server helps. `rescue`: it is gone, or an enemy; a recovery key stands in for it. */
export type MoveKind = 'move' | 'rescue'

/** In the order in which they are taken; each can be taken again after a stop. */
export const STEPS = {
  move: [
    'copy',
    'account',
    'repo',
    'blobs',
    'settings',
    'check',
    'identity',
    'activate',
    'leave',
    'mutes',
    'confirm',
  ],
  rescue: [
    'copy',
    'claim',
    'account',
    'repo',
    'blobs',
    'settings',
    'check',
    'identity',
    'activate',
    'mutes',
    'confirm',
  ],
} as const satisfies Record<MoveKind, readonly string[]>

export type StepName = (typeof STEPS)[MoveKind][number]

/** Numbers, names and flags of what was done, for the report. Structured-clonable. */
export type StepFacts = Readonly<Record<string, string | number | boolean | undefined>>

export interface StepRow {
  readonly state: 'todo' | 'done' | 'failed'
  /** ms; when it ended, last */
  readonly at: number | undefined
  readonly facts: StepFacts
  readonly error: { readonly code: string; readonly fields: Readonly<Record<string, unknown>> } | undefined
}

/** What only the person has. */
export type Wait =
  /** for the account at the new server */
  | { readonly for: 'password' }
  /** the recovery key, as words or as its file */
  | { readonly for: 'key' }
  /** what the old server has sent by mail */
  | { readonly for: 'code'; readonly host: string }
  /** a did:web: this document at this address */
  | { readonly for: 'document'; readonly document: unknown; readonly url: string }

export interface NewPlace {
  /** origin */
  readonly pds: string
  /** DID of the server itself, to which tokens are addressed */
  readonly server: string
  readonly handle: string
  readonly email: string
  readonly invite: string | undefined
}

/** What was sent to the new server. */
export interface Sent {
  readonly snapshot: string
  readonly commit: string
  /** digest of the tree's root, hex: the same for the same records */
  readonly data: string
  readonly records: number
}

/** A move that has begun. Table `accounts`, key {@link moveKey}. Holds no secret in the clear. */
export interface MoveRow {
  readonly did: string
  readonly handle: string | undefined
  readonly kind: MoveKind
  /** origin of the server that is left */
  readonly from: string | undefined
  readonly to: NewPlace
  /** the snapshot to restore; undefined: the newest */
  readonly snapshot: string | undefined
  /** go on without the blobs that nobody has */
  readonly withoutBlobs: boolean
  /** ms */
  readonly startedAt: number
  readonly endedAt: number | undefined
  readonly steps: Readonly<Partial<Record<StepName, StepRow>>>
  readonly waits: Wait | undefined
  /** {@link MoveSecrets} */
  readonly sealed: Sealed | undefined
  readonly sent: Sent | undefined
  /** times that the old server had something newer when all was sent */
  readonly rounds: number
}

/** Kept only until the move has ended. */
export interface MoveSecrets {
  /** session at the new server */
  readonly access?: string
  readonly refresh?: string
  /** multibase private key that is the account's #atproto key between the two operations of a rescue */
  readonly interim?: string
}

/** What the person has given, held in memory alone, and dropped when it was used up. */
export interface Given {
  password?: string
  /** words, or the text of a key file */
  key?: string
  code?: string
}

export const moveKey = (did: string): string => `move/${did}`
/** Where what is not in the repo is kept: {@link PrivateRow}. */
export const privateKey = (did: string): string => `private/${did}`
/** Where it is noted which recovery key was made here: {@link RecoveryRow}. */
export const recoveryKey = (did: string): string => `recovery/${did}`

/** That a recovery key was made here. The key itself is with the person alone. */
export interface RecoveryRow {
  readonly didKey: string
  /** ms */
  readonly madeAt: number
  /** ms; when it was given back and found right */
  readonly checkedAt: number | undefined
  /** ms; when the identity was first seen to list it */
  readonly addedAt: number | undefined
}

/** What an account has beside its repo, as far as its server gives it out. */
export interface PrivateRow {
  readonly did: string
  /** ms */
  readonly at: number
  readonly parts: readonly PrivatePart[]
}

export type PrivateName = 'preferences' | 'mutes' | 'mutedLists' | 'drafts' | 'bookmarks'

export interface PrivatePart {
  readonly name: PrivateName
  /** as the server gave them; undefined when it did not */
  readonly items: readonly unknown[] | undefined
  /** code of the error for which there are none */
  readonly problem: string | undefined
}
