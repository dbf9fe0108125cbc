import { DEFAULT_TERMS, type Terms } from '../agreements/model.ts'
import { effectiveTerms } from '../agreements/state.ts'
import type { PublishedPeer } from './records.ts'

/**
 * What two accounts have published about each other, as it is known here. Table `network`, key: `published/me other`.
 * The records are the truth; the row has what was last read of them, what is still to be written, and how it ended.
 */
export interface PublishedRow {
  readonly me: string
  readonly other: string
  readonly handle: string | undefined
  /** terms of our offer: as it stands in our repo, or as it is to be written */
  readonly mine: Terms | undefined
  readonly yours: Terms | undefined
  /** they let anyone keep a copy */
  readonly consent: boolean
  /** devices that they named */
  readonly peers: readonly PublishedPeer[]
  readonly due: 'publish' | 'delete' | undefined
  /** why what is due could not be written */
  readonly error: { readonly code: string; readonly fields: Readonly<Record<string, unknown>> } | undefined
  /** device times, ms */
  readonly createdAt: number
  /** when their records were last read */
  readonly readAt: number | undefined
  readonly ended: { readonly by: 'us' | 'them'; readonly at: number } | undefined
  /** whether our copy of theirs is to be deleted, or was */
  readonly purgeHere: 'due' | 'purged' | 'kept' | undefined
}

/**
 * - `offered`: we offer to keep theirs; they have not answered
 * - `incoming`: they offer to keep ours
 * - `active`: both offer
 * - `one-way`: we keep theirs, since they let anyone
 */
export type PublishedState = 'offered' | 'incoming' | 'active' | 'one-way' | 'ended'

export interface PublishedView extends Terms {
  readonly me: string
  readonly other: string
  readonly handle: string | undefined
  readonly state: PublishedState
  /** devices that they named */
  readonly devices: number
  readonly createdAt: number
  readonly readAt: number | undefined
  readonly endedBy: 'us' | 'them' | undefined
  /** something is still to be written to our repo */
  readonly waiting: boolean
  readonly error: PublishedRow['error']
}

/** Whether an account lets anyone keep a copy. */
export interface ConsentView {
  /** undefined: that cannot be known now */
  readonly consents: boolean | undefined
  /** that is what it is to say, and does not yet */
  readonly waiting: boolean
  /** why it could not be written */
  readonly error: PublishedRow['error']
}

/** Ended ones of an account that are remembered. */
export const MAX_ENDED = 32
/** Of one account: each is a record that its server keeps. */
export const MAX_PUBLISHED = 500

export const emptyPublished = (me: string, other: string, now: number): PublishedRow => ({
  me,
  other,
  handle: undefined,
  mine: undefined,
  yours: undefined,
  consent: false,
  peers: [],
  due: undefined,
  error: undefined,
  createdAt: now,
  readAt: undefined,
  ended: undefined,
  purgeHere: undefined,
})

export function publishedState({ mine, yours, consent, ended }: PublishedRow): PublishedState {
  if (ended !== undefined) return 'ended'
  if (mine === undefined) return 'incoming'
  if (yours !== undefined) return 'active'
  return consent ? 'one-way' : 'offered'
}

/** We keep a copy of theirs under it. */
export function keepsOther(row: PublishedRow): boolean {
  const state = publishedState(row)
  return state === 'active' || state === 'one-way'
}

export function viewOfPublished(row: PublishedRow): PublishedView {
  const { me, other, handle, mine, yours, peers, createdAt, readAt, ended, due, purgeHere, error } = row
  const one = mine ?? yours ?? DEFAULT_TERMS
  return {
    ...effectiveTerms(one, yours ?? one),
    me,
    other,
    handle,
    state: publishedState(row),
    devices: peers.length,
    createdAt,
    readAt,
    endedBy: ended?.by,
    waiting: due !== undefined || purgeHere === 'due',
    error,
  }
}
