import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import { baseInit, type BaseOptions, wrap } from './base.ts'
import { createCircuitTransport } from './circuit-port.ts'
import type { CairnNode } from './create.ts'
import { fastNoiseCrypto } from './fast-noise-crypto.ts'
import { rightLinks } from './web-socket-links.ts'

/** Connections that a service worker keeps in the seconds it runs. */
const MAX_CONNECTIONS = 20

/** A node in a service worker, which has no WebRTC: WebSocket to relays and circuits through them. */
export async function createWorkerNode(options: BaseOptions): Promise<CairnNode> {
  const circuit = createCircuitTransport()
  const libp2p = await createLibp2p({
    ...baseInit(options, { maxConnections: MAX_CONNECTIONS, secureOnly: true }, await fastNoiseCrypto()),
    addresses: { listen: [] },
    transports: [(parts) => rightLinks(webSockets()(parts)), circuit.transport],
  })
  return wrap(libp2p, circuit.port, options, 'no-webrtc')
}
