import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import { createBrowserNode } from '../../net/node/browser-node.ts'
import type { NodeHost } from '../../net/node/host.ts'
import { handleOf } from './node-handle.ts'
import type { StartNode } from './page-node.ts'

/** Nodes of a page: WebSocket to relays, WebRTC to other pages. */
export const pageNodes =
  (host: NodeHost): StartNode =>
  async ({ key, relayOnly, stun, allowLocal }) =>
    handleOf(
      await createBrowserNode({
        privateKey: privateKeyFromProtobuf(key),
        host,
        allowLocal,
        relayOnly,
        iceServers: () => stun,
      }),
    )
