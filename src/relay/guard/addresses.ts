import { lookup as systemLookup } from 'node:dns'
import type { LookupAddress, LookupOptions } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { NetError } from '../../net/errors.ts'
import { refusalOf } from '../../pds/addresses.ts'

/** Resolves a name to all of its addresses. */
export type Resolve = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

export interface AddressGuard {
  /** Why nothing may be sent to this host, a name or an IP address as text; undefined when it may. */
  refusal(host: string): string | undefined
  /**
   * For `net.connect` and all that passes options on to it: resolves a name once, and hands out the very
   * addresses that were checked, so that a second answer of the name server changes nothing.
   * Fails with `net.address-refused` when one of them is refused.
   */
  readonly lookup: LookupFunction
  /** From now on lets this host through, because the operator named it. */
  allow(host: string): void
}

export interface GuardOptions {
  /** let everything through: for a relay on a private network */
  readonly allowLocal: boolean
  /** the system's resolver unless told */
  readonly resolve?: Resolve
}

/**
 * Keeps what this process does for others out of the network it stands in: no private, loopback,
 * link-local or otherwise special address, written out or behind a name.
 */
export function createAddressGuard(options: GuardOptions): AddressGuard {
  const allowed = new Set<string>()
  const resolve = options.resolve ?? systemLookup
  const passes = (host: string): boolean => options.allowLocal || allowed.has(normalHost(host))

  const refusal = (host: string): string | undefined => {
    if (passes(host)) return undefined
    const url = urlOf(host)
    return url === undefined ? 'syntax' : refusalOf(url, false)
  }

  return {
    refusal,
    allow: (host) => void allowed.add(normalHost(host)),
    lookup: (hostname, wanted, callback) => {
      const fail = (error: Error): void => callback(error, [])
      const reason = refusal(hostname)
      if (reason !== undefined) return fail(refused(hostname, reason))
      resolve(hostname, { ...wanted, all: true }, (error, addresses) => {
        if (error !== null) return fail(error)
        const [first] = addresses
        if (first === undefined) return fail(refused(hostname, 'no-address'))
        if (!passes(hostname)) {
          for (const { address } of addresses) {
            const why = refusal(address)
            if (why !== undefined) return fail(refused(hostname, why))
          }
        }
        if (wanted.all === true) callback(null, addresses)
        else callback(null, first.address, first.family)
      })
    },
  }
}

const refused = (address: string, reason: string): NetError =>
  new NetError('net.address-refused', { address, reason })

/** Lower case, without brackets, the dot of the root, or a zone. */
function normalHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
}

/** The rules stand on URLs, whose parser brings every spelling of an address into one form. */
function urlOf(host: string): URL | undefined {
  const bare = normalHost(host)
  const text = `https://${isIP(bare) === 6 || bare.includes(':') ? `[${bare}]` : bare}/`
  return URL.canParse(text) ? new URL(text) : undefined
}
