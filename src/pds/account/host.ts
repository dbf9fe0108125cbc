import type { Clock } from '../../core/clock.ts'
import type { Timers } from '../../core/timers.ts'
import type { Identity } from '../identity.ts'
import type { Network } from '../network.ts'
import type { AccountStore } from './model.ts'

/** What being signed in needs of the place that it happens in. */
export interface AccountHost {
  readonly store: AccountStore
  readonly clock: Clock
  readonly timers: Timers
  /** web origin of the app; undefined where there is none to come back to, and so no sign-in on a server's page */
  readonly app: string | undefined
  /** as it is set at the time */
  network(): Promise<Network>
  /** Errors: those of `IdentityResolver.resolve`. */
  resolve(name: string): Promise<Identity>
  /** Told when anyone was signed in or out, or a session has ended. */
  changed(): void
}
