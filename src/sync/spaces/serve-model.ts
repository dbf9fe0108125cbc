import type { Sha256 } from '../../core/hash.ts'
import type { Timers } from '../../core/timers.ts'
import type { SlotLimits } from '../repo-sync/slots.ts'
import type { SpaceAccess } from './access.ts'
import type { SpaceReplica } from './model.ts'

/** Someone asks that a space be kept here. */
export interface KeepAsk {
  readonly peer: string
  /** what the peer proved to hold; whether the space knows the key is seen once its log is here */
  readonly key: string
  readonly space: string
  /** CID of the operation that it began with */
  readonly root: string
  readonly token: string | undefined
}

/**
 * A space that is being taken in: its log is empty until someone gives it. One for each who asks, at the same time
 * too; `find` gives the space once its log knows one of them.
 */
export interface Keeping {
  /** through which this one gives the log */
  readonly replica: SpaceReplica
  /** This one went without giving a log that knows it; when all did, the space goes. */
  abandon(): Promise<void>
}

/** What came of an offer. */
export interface OfferTaken {
  readonly taken: readonly string[]
  readonly failed: readonly { readonly repo: string; readonly code: string }[]
  /** repos on which it goes on */
  readonly working: number
}

export interface ServeSpaceOptions {
  /** own peer id */
  readonly self: string
  readonly timers: Timers
  readonly random: () => number
  readonly sha256: Sha256
  readonly access: SpaceAccess
  readonly find: (space: string) => SpaceReplica | undefined
  /** Whether a space is taken in for others; without it nothing is. */
  readonly mayKeep?: (ask: KeepAsk) => Promise<Keeping | 'denied' | 'full'>
  /** Deletes a space with all that is kept of it, for an admin's device or the authority's key; a device does without. */
  readonly onForget?: (space: string, key: string) => Promise<'forgotten' | 'denied' | 'not-kept'>
  /** Fetches repos that a peer offers; a device does without: it hears of them by events. */
  readonly takeOffer?: (
    peer: string,
    replica: SpaceReplica,
    repos: readonly string[],
  ) => Promise<OfferTaken | undefined>
  /** A peer has proven that it may read a space, or shows that it knows of its members all that we do. */
  readonly onProven?: (peer: string, space: string) => void
  /** What a peer gave changed a space's log. */
  readonly onLog?: (space: string) => void
  readonly limits?: ServeSpaceLimits
}

export interface ServeSpaceLimits extends SlotLimits {
  /** a peer that neither asks nor takes for so long is let go, ms */
  readonly idleMs: number
  /** requests on one stream */
  readonly requests: number
  /** proofs on one stream that did not let the peer in */
  readonly badProofs: number
  /** operations and cards that one stream gave and that are none */
  readonly badItems: number
}

export const SPACE_LIMITS: ServeSpaceLimits = {
  perPeer: 64,
  inAll: 1024,
  idleMs: 60_000,
  requests: 10_000,
  badProofs: 4,
  badItems: 256,
}
