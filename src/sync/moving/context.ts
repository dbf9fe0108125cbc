import type { AccountStore, Sessions } from '../../pds/account/model.ts'
import type { Network } from '../../pds/network.ts'
import type { Endpoints, Host } from '../host.ts'
import type { Given, MoveRow, MoveSecrets, StepFacts, StepName, Wait } from './model.ts'
import type { NewHome } from './new-home.ts'
import type { MovingNews } from './news.ts'

/** The copy that is kept here, as a move needs it. */
export interface Copies {
  /** Backs up from the account's server, blobs too. Throws what stopped it. */
  update(did: string, signal: AbortSignal): Promise<void>
  /** Fetches blobs that lack, from the server or whoever has them. What cannot be had is no error. */
  blobs(did: string, signal: AbortSignal): Promise<void>
}

/** What a move needs of the place that it happens in. */
export interface MovingHost {
  readonly host: Host
  readonly store: AccountStore
  readonly sessions: Sessions
  readonly copies: Copies
  endpoints(): Promise<Endpoints>
  /** told when anything of this account's move has changed */
  changed(did: string): void
  /** for the history; never throws */
  note(did: string, news: MovingNews): Promise<void>
}

/** One run over the steps of a move. */
export interface Moving extends MovingHost {
  readonly did: string
  readonly row: MoveRow
  readonly secrets: MoveSecrets
  readonly given: Given
  readonly signal: AbortSignal
  readonly home: NewHome
  readonly asked: Endpoints
  readonly network: Network
  change(change: Partial<MoveRow>): Promise<void>
  keep(secrets: MoveSecrets): Promise<void>
  progress(done: number, total: number): void
}

export type StepOutcome =
  | { readonly facts: StepFacts }
  | { readonly waits: Wait }
  /** these are to be taken again */
  | { readonly again: readonly StepName[] }

export type Step = (moving: Moving) => Promise<StepOutcome>
