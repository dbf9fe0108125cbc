/** Agreements between accounts that are published as records in their repos. Plain data. */

/**
 * - `offered`: we offer to keep theirs; they have not answered
 * - `incoming`: they offer to keep ours
 * - `active`: both offer, and each keeps the other's
 * - `one-way`: we keep theirs, since they let anyone
 */
export type PublishedState = 'offered' | 'incoming' | 'active' | 'one-way' | 'ended'

/** What two accounts have published about each other. The fields are those of `org.p2pds.replication.offer`. */
export interface PublishedAgreement {
  /** DID of an account that is signed in here, or was */
  readonly ours: string
  readonly theirs: string
  readonly handle: string | undefined
  readonly state: PublishedState
  readonly minCopies: number
  readonly intervalSec: number
  readonly priority: number
  /** devices that they have named */
  readonly devices: number
  readonly createdAt: number
  /** when their records were last read */
  readonly readAt: number | undefined
  readonly endedBy: 'us' | 'them' | undefined
  /** something is still to be written */
  readonly waiting: boolean
  /** why it could not be written; it is tried again */
  readonly error: { readonly code: string; readonly fields: Readonly<Record<string, unknown>> } | undefined
}

/** What an account says of itself. */
export interface PublishedAccount {
  readonly did: string
  readonly handle: string | undefined
  /** anyone may keep a copy of it */
  readonly consents: boolean
  /** accounts signed in here that it offers to keep */
  readonly offersTo: readonly string[]
  /** devices that it has named */
  readonly devices: number
}

/** Whether one of our accounts lets anyone keep a copy. */
export interface PublishedConsent {
  /** undefined: that cannot be known now */
  readonly consents: boolean | undefined
  /** it is still to be written */
  readonly waiting: boolean
  /** why it could not be written; it is tried again */
  readonly error: PublishedAgreement['error']
}

/** What is published, read and written. It is public: nothing is without a person's word. */
export interface Publishing {
  published(): Promise<readonly PublishedAgreement[]>
  /**
   * Offers to keep each other's repo, or accepts what they offer: a record in our repo says so. `theirs`: a DID or a
   * handle; without a network only one that is kept here is known by that. What the server cannot be told now is
   * written later, also after a restart. Errors: `account.*`, `agreement.invalid`, `agreement.limit`, `pds.*` of resolving a handle
   */
  publish(input: { readonly ours: string; readonly theirs: string }): Promise<PublishedAgreement>
  /**
   * Deletes our record, by which they are asked to delete their copy; `purge` deletes ours of theirs, where it is
   * kept for this alone. Errors: `agreement.not-found`
   */
  endPublished(ours: string, theirs: string, purge: boolean): Promise<void>
  /** What an account has published. Errors: `agreement.unread`, `pds.*` of resolving a handle */
  findPublished(who: string): Promise<PublishedAccount>
  /** whether one of our accounts lets anyone keep a copy, or is to */
  consent(did: string): Promise<PublishedConsent>
  /** Without its server it is written later. Errors: `account.*` */
  setConsent(did: string, consent: boolean): Promise<void>
}
