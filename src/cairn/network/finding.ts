import { hasCode } from '../../core/errors.ts'
import type { Net } from '../../net/net.ts'

/** A network that asks for addresses where it knows none of a peer: links and offers name peers by id alone. */
export function findingNet(net: Net, find: (peer: string) => Promise<readonly string[]>): Net {
  return {
    ...net,
    async open(peer, protocol, options = {}) {
      try {
        return await net.open(peer, protocol, options)
      } catch (error) {
        if (!hasCode(error, 'net.no-addresses')) throw error
        const addresses = await find(peer)
        if (addresses.length === 0) throw error
        return net.open(peer, protocol, { ...options, addresses })
      }
    },
  }
}
