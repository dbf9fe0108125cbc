import { leftOf } from '../../core/clock.ts'
import type { Identity } from '../../pds/identity.ts'
import type { Endpoints, Host } from '../host.ts'
import { askIdentity } from '../take-in.ts'
import type { Work } from '../work.ts'

/** An account that moved is found out in this time, also when its old server says nothing, ms. */
const FRESH_FOR = 10 * 60_000
/** Accounts that are remembered. */
const MAX_KNOWN = 500

/** Who accounts are by the network's word, asked once for a burst of commits and not for each. */
export interface Identities {
  /** undefined: the network cannot be asked */
  of(did: string, work: Work): Promise<Identity | undefined>
  /** Its server says that something about it changed. */
  forget(did: string): void
}

export function createIdentities(host: Host, endpoints: () => Promise<Endpoints>): Identities {
  const known = new Map<string, { readonly identity: Identity; readonly at: number }>()
  return {
    async of(did, work) {
      const now = host.clock.now()
      const kept = known.get(did)
      if (kept !== undefined && leftOf(FRESH_FOR, kept.at, now) > 0) return kept.identity
      known.delete(did)
      const identity = await askIdentity(host, await endpoints(), did, work)
      if (identity === undefined) return undefined
      // The oldest goes: a map keeps the order in which things were put.
      const [oldest] = known.keys()
      if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest)
      known.set(did, { identity, at: now })
      return identity
    },
    forget: (did) => void known.delete(did),
  }
}
