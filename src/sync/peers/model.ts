import type { BackupResult } from '../backup.ts'
import type { FetchedBlobs } from '../blob-queue.ts'
import type { KnownHead } from '../../storage/head.ts'
import type { SentList } from '../packs/sent-list.ts'
import type { PartialRow } from '../pages/partial-rows.ts'
import type { OnOut } from '../pages/sources.ts'
import type { Work } from '../work.ts'
import type { Candidate, Reach } from './choose.ts'
import type { ReadySent } from './take-sent.ts'

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

/** How a repo came in: as a list of changes (asked for or sent), by comparing trees, whole by HTTP, page by page, or as one stream of a stock peer. */
export type Rung = 'pack' | 'difference' | 'http' | 'pages' | 'repo-sync'

/** What was tried before, and did not do. */
export interface Attempt {
  /** `server`: the account's own; undefined where it is a peer that failed, by whatever way */
  readonly rung: Rung | 'server' | undefined
  /** undefined where it was no peer's doing */
  readonly peer: string | undefined
  /** code of the error that it ended with */
  readonly code: string
}

/** Whose copy something came from and how, and why no better way was taken. */
export interface Way {
  /** the peer that the last of it came from */
  readonly peer: string
  readonly rung: Rung
  /** web address of the peer, where it is a store */
  readonly url?: string
  /** it went on where an earlier transfer was cut off */
  readonly resumed: boolean
  /** in the order in which they were tried */
  readonly tried: readonly Attempt[]
}

/** A repo that was taken in from a peer; from nobody when there was nothing newer. */
export interface PeerBackup extends BackupResult {
  readonly way?: Way
}

/** One collection that was taken in. */
export interface PeerCollection {
  readonly row: PartialRow
  readonly way: Way
}

/** Blobs that peers gave. */
export interface PeerBlobs extends FetchedBlobs {
  /** those that gave any, in the order in which they first did */
  readonly from: readonly string[]
}

/**
 * What the engine has done for it over the wire. Whoever is wrong on the way, or whose line keeps breaking, is
 * told to `onOut`; an error that is a peer's doing has its id as the field `peer`.
 */
export interface PeerCalls extends Reach {
  /** The heads that a peer holds of these repos; repos that it does not hold are left out. */
  heads(candidate: Candidate, dids: readonly string[], signal: AbortSignal): Promise<readonly PeerHead[]>
  /**
   * Kept repos will soon be pulled from a peer, several at once or one of which it has this newer rev: what can be
   * asked for beforehand, and together, is.
   */
  foresee(candidate: Candidate, dids: readonly string[], rev?: string): Promise<void>
  /** Reads what a peer sent along with its word of a new head; undefined when it does not lead on from the kept one. */
  readSent(candidate: Candidate, did: string, list: SentList): Promise<ReadySent | undefined>
  /** A head was stored, however it came: what comes along next may lead on from it. */
  moved(now: KnownHead): void
  /** Takes that in. */
  takeSent(ready: ReadySent, work: Work): Promise<PeerBackup>
  /** Takes a repo in from one peer, or from several that hold the same head. */
  pull(
    candidates: readonly Candidate[],
    did: string,
    work: Work,
    onOut?: OnOut,
  ): Promise<{ readonly result: BackupResult; readonly way: Way }>
  /** Takes one collection in, in the same way. */
  collection(
    candidates: readonly Candidate[],
    did: string,
    collection: string,
    work: Work,
    onOut?: OnOut,
  ): Promise<PeerCollection>
  /** Fetches the blobs of a kept repo that are wanted, each from whoever of these has it. */
  blobs(candidates: readonly Candidate[], did: string, work: Work, onOut?: OnOut): Promise<PeerBlobs>
  /** Peers that announce a repo. */
  lookup(did: string, signal: AbortSignal): Promise<readonly Candidate[]>
}
