import { withDeadline } from '../../net/networker/deadline.ts'
import { fetchRelayInfo } from '../../net/node/relay-info.ts'
import type { CairnHost } from '../host.ts'
import type { RelayFacts } from './relays.ts'

/** A description is a few hundred bytes, ms. */
const PATIENCE = 15_000

/**
 * What a relay says of itself. One that takes the connection and says nothing is given up: all that waits until each
 * relay was reached or has failed would wait with it.
 *
 * @throws NetError `net.timeout`; as `fetchRelayInfo`
 */
export async function describeRelay(
  { fetch, timers }: Pick<CairnHost, 'fetch' | 'timers'>,
  url: string,
): Promise<RelayFacts> {
  const never = new AbortController().signal
  const described = withDeadline(timers, PATIENCE, never, (signal) => fetchRelayInfo(fetch, url, signal))
  const { peerId, multiaddrs, store, shareable, stun } = await described
  return { peerId, multiaddrs, store: store !== null, shareable, stun }
}
