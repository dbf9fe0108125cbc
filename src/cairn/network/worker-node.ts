import { privateKeyFromProtobuf } from '@libp2p/crypto/keys'
import type { NodeHost } from '../../net/node/host.ts'
import { createWorkerNode } from '../../net/node/worker-node.ts'
import { handleOf } from './node-handle.ts'
import type { StartNode } from './page-node.ts'

/** Nodes of a service worker: WebSocket to relays, and circuits through them. */
export const workerNodes =
  (host: NodeHost): StartNode =>
  async ({ key, allowLocal }) =>
    handleOf(await createWorkerNode({ privateKey: privateKeyFromProtobuf(key), host, allowLocal }))
