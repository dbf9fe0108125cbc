import { hasCode } from '../../core/errors.ts'
import type { Net } from '../../net/net.ts'

/**
 * A network that asks for addresses where it knows none of a peer, or none by which it is reached any more: links and
 * offers name peers by id alone, and a peer may have gone to another relay.
 */
export function findingNet(net: Net, find: (peer: string) => Promise<readonly string[]>): Net {
  return {
    ...net,
    async open(peer, protocol, options = {}) {
      try {
        return await net.open(peer, protocol, options)
      } catch (error) {
        // Who gave addresses has asked already.
        const wasAsked = (options.addresses?.length ?? 0) > 0
        const isStale = hasCode(error, 'net.unreachable') && !wasAsked
        if (!isStale && !hasCode(error, 'net.no-addresses')) throw error
        const addresses = await find(peer)
        if (addresses.length === 0) throw error
        return net.open(peer, protocol, { ...options, addresses })
      }
    },
  }
}
