import type { Timers } from '../core/timers.ts'
import type { Clock } from '../core/clock.ts'

/** `fetch` as this room uses it: one GET, an absolute URL. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** What this room needs from its host to reach the network. */
export interface Network {
  readonly fetch: Fetch
  readonly timers: Timers
  readonly clock: Clock
  /** allow http: and private addresses, for a PDS on this machine or network */
  readonly allowLocal: boolean
}
