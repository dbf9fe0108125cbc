import type { CairnNode } from '../../net/node/create.ts'
import type { NodeHandle } from './host.ts'

/** A node of this thread as the network uses it. */
export function handleOf(node: CairnNode): NodeHandle {
  return {
    net: node,
    async setRelays(relays) {
      node.setRelays(relays)
    },
    relays: async () =>
      node.relays().map(({ peerId, state, since, nextTryAt, latency, error }) => ({
        peerId,
        state,
        since,
        nextTryAt,
        latency,
        error: error === undefined ? undefined : { code: error.code, fields: error.fields },
      })),
    peers: async () =>
      [...new Set(node.connections().map((it) => it.peer))].map((peer) => ({
        peer,
        ...node.traffic(peer),
        whyRelayed: node.whyRelayed(peer),
      })),
    onRelays: (listener) => node.onChange(listener),
    stop: () => node.stop(),
  }
}
