/** What two sides agree on, as an `org.p2pds.replication.offer` record has it. */
export interface Terms {
  /** copies that there should be, 1 to 100 */
  readonly minCopies: number
  /** seconds between two looks for news, 60 to 2,678,400 (a month) */
  readonly intervalSec: number
  /** 0 to 100; the greater goes first */
  readonly priority: number
}

export const DEFAULT_TERMS: Terms = { minCopies: 2, intervalSec: 600, priority: 50 }

/** One side's offer. */
export interface Offer extends Terms {
  /** made by the side whose offer it is; letters, digits, `_` and `-`, up to 64 */
  readonly id: string
  /** ms since epoch, by the clock of that side */
  readonly createdAt: number
}

/** What a side answers when it was asked to delete its copy. `nothing`: it had agreed to keep none. */
export type Purged = 'purged' | 'kept' | 'nothing'

/** An agreement as it is stored. Table `agreements`, key: peer/id. */
export interface AgreementRow {
  readonly id: string
  readonly peer: string
  /** the repo that they keep for us */
  readonly ours: string | undefined
  /** the repo that we keep for them */
  readonly theirs: string | undefined
  /** our offer, or our acceptance of theirs */
  readonly mine: Offer | undefined
  readonly yours: Offer | undefined
  /** their offer with this id ended before it came here; then there is nothing else in the row */
  readonly gone: string | undefined
  readonly createdAt: number
  readonly ended: { readonly by: 'us' | 'them'; readonly at: number } | undefined
  /** what the other side has not answered yet; the number tells one wish from the next */
  readonly due: { readonly what: 'offer' | 'accept' | 'end'; readonly n: number } | undefined
  /** number of the last wish */
  readonly serial: number
  /** why the other side did not take it */
  readonly refused: string | undefined
  /** we ask them to delete their copy, and what they said */
  readonly purge: boolean
  readonly purged: Purged | undefined
  /** whether our copy of theirs is to be deleted, or was */
  readonly purgeHere: 'due' | 'purged' | 'kept' | undefined
}

/** An agreement as it is shown: two people keep a copy for each other. */
export interface KeptAgreement extends Terms {
  readonly id: string
  readonly peer: string
  readonly ours: string | undefined
  readonly theirs: string | undefined
  readonly state: 'offered' | 'incoming' | 'active' | 'ended'
  readonly createdAt: number
  readonly endedBy: 'us' | 'them' | undefined
  readonly endedAt: number | undefined
  /** something about it has not reached the other side yet */
  readonly waiting: boolean
  /** why the other side did not take it: `limit`, or a word of its own; it is asked again */
  readonly refused: string | undefined
  /** what the other side said when it was asked to delete its copy */
  readonly purged: Purged | undefined
}

/**
 * Hears of an agreement that is new or changed, and of its state before (undefined: there was none). Called
 * after the change is stored; a state that stays the same may be told of more than once.
 */
export type OnChange = (agreement: KeptAgreement, before: KeptAgreement['state'] | undefined) => void

export const LIMITS = {
  /** agreements with one peer that have not ended: a person has a few repos, not hundreds */
  perPeer: 64,
  /** ended ones with one peer that are remembered: late messages about them are known for what they are */
  endedPerPeer: 32,
  /** offers of strangers that wait for an answer */
  incoming: 1000,
  /** rows in all */
  rows: 8192,
  /** bytes of a message: two DIDs of full length fit */
  message: 8 * 1024,
  /** messages on one stream */
  messages: 256,
  /** streams of one peer at a time */
  streams: 4,
  /** ms that the other side has for an answer, and for its next message */
  patience: 30_000,
} as const
