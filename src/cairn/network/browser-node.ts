import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { createBrowserNode } from '../../net/node/browser-node.ts'
import type { NodeHost } from '../../net/node/host.ts'
import { handleOf } from './node-handle.ts'
import type { StartNode } from './page-node.ts'
import { createStunSource } from './stun.ts'

/** Nodes of a page: WebSocket to relays, WebRTC to other pages. */
export const pageNodes =
  (host: NodeHost): StartNode =>
  async ({ key, relayOnly, stun, allowLocal }) => {
    const source = createStunSource(stun, () => node.relays())
    const node = await createBrowserNode({
      privateKey: privateKeyFromProtobuf(key),
      host,
      allowLocal,
      relayOnly,
      // Asked for each direct connection: relays come and go, and change what they name.
      iceServers: () => source.servers(),
    })
    const handle = handleOf(node)
    return {
      ...handle,
      async setRelays(relays) {
        source.setRelays(relays)
        await handle.setRelays(relays)
      },
    }
  }
