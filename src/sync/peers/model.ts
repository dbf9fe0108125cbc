import type { BackupResult } from '../backup.ts'
import type { FetchedBlobs } from '../blob-queue.ts'
import type { PartialRow } from '../pages/partial-rows.ts'
import type { OnOut } from '../pages/sources.ts'
import type { Work } from '../work.ts'
import type { Candidate, Reach } from './choose.ts'

export type { Candidate } from './choose.ts'

/** The head that a peer says it holds of a repo. */
export interface PeerHead {
  readonly did: string
  readonly rev: string
  readonly commit: string
  /** it keeps some collections only, these */
  readonly partial: boolean
  readonly collections?: readonly { readonly nsid: string; readonly rev: string }[]
}

/** How a repo came in: only what changed, whole by HTTP, page by page, or as one stream of a stock peer. */
export type Rung = 'difference' | 'http' | 'pages' | 'repo-sync'

/**
 * What the engine has done for it over the wire. Whoever is wrong on the way, or whose line keeps breaking, is
 * told to `onOut`; an error that is a peer's doing has its id as the field `peer`.
 */
export interface PeerCalls extends Reach {
  /** The heads that a peer holds of these repos; repos that it does not hold are left out. */
  heads(candidate: Candidate, dids: readonly string[], signal: AbortSignal): Promise<readonly PeerHead[]>
  /** Takes a repo in from one peer, or from several that hold the same head. */
  pull(
    candidates: readonly Candidate[],
    did: string,
    work: Work,
    onOut?: OnOut,
  ): Promise<{ readonly result: BackupResult; readonly rung: Rung; readonly from: string }>
  /** Takes one collection in, in the same way. */
  collection(
    candidates: readonly Candidate[],
    did: string,
    collection: string,
    work: Work,
    onOut?: OnOut,
  ): Promise<PartialRow>
  /** Fetches the blobs of a kept repo that are wanted, each from whoever of these has it. */
  blobs(candidates: readonly Candidate[], did: string, work: Work, onOut?: OnOut): Promise<FetchedBlobs>
  /** Peers that announce a repo. */
  lookup(did: string, signal: AbortSignal): Promise<readonly Candidate[]>
}
