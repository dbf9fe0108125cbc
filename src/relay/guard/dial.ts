import type { ConnectionGater } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { AddressGuard } from './addresses.ts'

/** First parts of a multiaddr that this process can dial. */
const REACHABLE = new Set(['ip4', 'ip6', 'dns', 'dns4', 'dns6', 'dnsaddr'])

/**
 * Why a multiaddr may not be dialled, or undefined. A name is judged as a name here; the addresses behind
 * it are judged by the guard's `lookup` when the socket is made. A `dnsaddr` is resolved by libp2p, which
 * asks again for what it finds.
 */
export function dialRefusal(guard: AddressGuard, address: Multiaddr): string | undefined {
  const components = address.getComponents()
  const [first] = components
  if (first?.value === undefined || !REACHABLE.has(first.name)) return 'transport'
  // This process dials no circuits: it would be a relay's relay.
  if (components.some(({ name }) => name === 'p2p-circuit')) return 'transport'
  return guard.refusal(first.value)
}

/** The part of a connection gater that keeps dials on public addresses. */
export function createDialGater(guard: AddressGuard): Pick<ConnectionGater, 'denyDialMultiaddr'> {
  return { denyDialMultiaddr: (address) => dialRefusal(guard, address) !== undefined }
}
