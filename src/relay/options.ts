import type { Log } from './http/log.ts'
import type { TlsFiles } from './http/listen.ts'
import type { RelayLimits } from './limits.ts'
import type { SpaceLimits } from './spaces/limits.ts'
import type { Admission, StoreLimits } from './store/model.ts'

export interface RelayOptions {
  /** 0 takes any free port */
  readonly port: number
  /** the address to listen on; `127.0.0.1` is reachable from this machine only */
  readonly host: string
  /** folder of the built app; none: only the relay is served */
  readonly dist?: string
  /** folder of the identity and the store, made when absent; none: a new identity each time, and no store */
  readonly dataDir?: string
  /** where others reach this relay, when that is not where it listens: behind a proxy, or by a name */
  readonly publicUrl?: URL
  readonly tls?: TlsFiles
  /** other relays: web addresses or multiaddrs */
  readonly peers?: readonly string[]
  /** STUN servers that peers of this relay are to ask, `stun:HOST:PORT`; []: none */
  readonly stun?: readonly string[]
  readonly admission?: Admission
  readonly storeLimits?: Partial<StoreLimits>
  /** false: group spaces are not kept, nor what lies under join links; true unless told, where there is a store */
  readonly spaces?: boolean
  readonly spaceLimits?: Partial<SpaceLimits>
  readonly limits?: Partial<RelayLimits>
  /** reach private, loopback and link-local addresses for others */
  readonly allowLocal?: boolean
  /** more proxies that are believed about who asks: addresses or CIDR blocks */
  readonly trustedProxies?: readonly string[]
  /** PLC directory; where identities of kept repos are asked for */
  readonly plc?: string
  readonly log?: Log
}

export interface Relay {
  /** where a browser opens the app, with a slash at the end: the public URL, or this machine's own */
  readonly url: string
  readonly port: number
  readonly peerId: string
  /** Reads the TLS files again. */
  reloadTls(): Promise<void>
  /** Stops taking connections, lets answers under way end, tells peers, and resolves when all is closed. */
  close(): Promise<void>
}

/**
 * One public server, asked by browsers for the address they have on the outside, which it then knows; the
 * rest of a direct connection is between the two peers.
 */
export const DEFAULT_STUN: readonly string[] = ['stun:stun.cloudflare.com:3478']
