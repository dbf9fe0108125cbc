import type { SpaceLimits } from '../spaces/limits.ts'
import type { Store } from '../store/model.ts'
import type { RelayLimits } from '../limits.ts'
import { webSocketAddress } from '../node/multiaddrs.ts'
import { reachOf } from './origin.ts'
import type { Reach } from './origin.ts'

/** `GET /relay.json`: all that is needed to use a relay of which one has the web address. */
export interface RelayDescription {
  readonly peerId: string
  /** with `/p2p/`; the ones of the address that was asked, or of the public URL */
  readonly multiaddrs: readonly string[]
  /** of the software */
  readonly version: string
  /** null: this relay keeps nothing */
  readonly store: StoreDescription | null
  /** it keeps group spaces for their members, and has places for join links (`/join/{place}`) */
  readonly spaces: boolean
  /** null where it keeps none */
  readonly spaceLimits: SpaceLimits | null
  readonly limits: RelayLimits
  /** what to give to others, without a slash at the end; null when the operator has named none */
  readonly publicUrl: string | null
  /** true when what `publicUrl`, or else the address that was asked, opens for someone on another device */
  readonly shareable: boolean
  readonly reach: Reach
  /** STUN servers that peers of this relay use to find a direct path, `stun:HOST:PORT`; []: it wants none asked */
  readonly stun: readonly string[]
}

export interface StoreDescription {
  readonly admission: 'open' | 'token' | 'allow-list'
  /** bytes */
  readonly used: number
  readonly limit: number
  readonly repos: number
}

export interface Described {
  readonly peerId: string
  readonly version: string
  readonly limits: RelayLimits
  readonly publicUrl: URL | undefined
  readonly stun: readonly string[]
  readonly store:
    | { readonly admission: StoreDescription['admission']; readonly usage: Store['usage'] }
    | undefined
  /** undefined: it keeps none */
  readonly spaces: SpaceLimits | undefined
}

/** The description for a client that reached us under `origin`. */
export function describeRelay(relay: Described, origin: URL): RelayDescription {
  const shown = relay.publicUrl ?? origin
  const reach = reachOf(shown)
  const usage = relay.store?.usage()
  return {
    peerId: relay.peerId,
    multiaddrs: [`${webSocketAddress(shown)}/p2p/${relay.peerId}`],
    version: relay.version,
    store:
      relay.store === undefined || usage === undefined
        ? null
        : { admission: relay.store.admission, used: usage.bytes, limit: usage.limit, repos: usage.repos },
    spaces: relay.spaces !== undefined,
    spaceLimits: relay.spaces ?? null,
    limits: relay.limits,
    publicUrl: relay.publicUrl === undefined ? null : relay.publicUrl.href.replace(/\/$/, ''),
    shareable: reach === 'anyone' || reach === 'this-network',
    reach,
    stun: relay.stun,
  }
}
