import type { Clock } from '../core/clock.ts'
import type { DigestAside, Lanes, Sha256 } from '../core/hash.ts'
import type { IdentityEndpoints } from '../pds/identity.ts'
import type { Timers } from '../core/timers.ts'
import type { Fetch } from '../pds/network.ts'
import type { Storage } from '../storage/port.ts'

/** What the engine needs of the place it runs in. */
export interface Host {
  readonly storage: Storage
  readonly sha256: Sha256
  readonly fetch: Fetch
  readonly timers: Timers
  readonly clock: Clock
  /** a random 32-bit number */
  readonly random: () => number
  /** what is done to many blocks at a time, where the host can: faster than one after another */
  readonly lanes?: Lanes
  /** very long hashes beside other work, where the host can */
  readonly digestAside?: DigestAside
}

/** Where identities and repos are asked for. */
export interface Endpoints extends IdentityEndpoints {
  /** allow http: and private addresses */
  readonly allowLocal: boolean
}

export const networkOf = (host: Host, endpoints: Endpoints) => ({
  fetch: host.fetch,
  timers: host.timers,
  clock: host.clock,
  allowLocal: endpoints.allowLocal,
})

/** A number in [0, 1), for jitter. */
export const fraction = (host: Host) => (): number => host.random() / 2 ** 32
