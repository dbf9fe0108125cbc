import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import { baseInit, type BaseOptions, wrap } from './base.ts'
import { createCircuitTransport } from './circuit-port.ts'
import type { CairnNode } from './create.ts'
import { rightLinks } from './web-socket-links.ts'

export interface NodeNodeOptions extends BaseOptions {
  /** multiaddrs, TCP or WebSocket; port 0 takes a free one; none for a node that only dials */
  readonly listen: readonly string[]
  readonly maxConnections?: number
}

const MAX_CONNECTIONS = 300

/** A node in Node.js: TCP and WebSocket, both ways, and circuits through relays. */
export async function createNodeNode(options: NodeNodeOptions): Promise<CairnNode> {
  const circuit = createCircuitTransport()
  const libp2p = await createLibp2p({
    ...baseInit(options, { maxConnections: options.maxConnections ?? MAX_CONNECTIONS, secureOnly: false }),
    addresses: { listen: [...options.listen] },
    transports: [tcp(), (parts) => rightLinks(webSockets()(parts)), circuit.transport],
  })
  return wrap(libp2p, circuit.port, options, 'no-webrtc')
}
