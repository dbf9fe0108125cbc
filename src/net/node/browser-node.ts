import { webRTC } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { createLibp2p } from 'libp2p'
import { baseInit, type BaseOptions, wrap } from './base.ts'
import { createCircuitTransport } from './circuit-port.ts'
import type { CairnNode } from './create.ts'
import { fastNoiseCrypto } from './fast-noise-crypto.ts'
import { mendInitChannel } from './init-channel.ts'
import { rightLinks } from './web-socket-links.ts'

export interface BrowserNodeOptions extends BaseOptions {
  /** no direct connections, so that peers learn no address of this device */
  readonly relayOnly: boolean
  /** STUN servers, `stun:host:port`; asked anew for each direct connection */
  readonly iceServers: () => readonly string[]
}

/** Connections that a page keeps. */
const MAX_CONNECTIONS = 100
/** One message on a data channel, bytes; 256 KiB breaks it. */
const MESSAGE = 64 * 1024

/** A node in a page: WebSocket to relays, circuits through them, WebRTC between peers. */
export async function createBrowserNode(options: BrowserNodeOptions): Promise<CairnNode> {
  const circuit = createCircuitTransport()
  const { relayOnly } = options
  // No server is asked when none is set; libp2p's own default would ask four.
  const rtcConfiguration = (): RTCConfiguration => {
    const urls = [...options.iceServers()]
    return { iceServers: urls.length === 0 ? [] : [{ urls }] }
  }
  if (!relayOnly) mendInitChannel(RTCPeerConnection.prototype)
  const direct = relayOnly ? [] : [webRTC({ rtcConfiguration, dataChannel: { maxMessageSize: MESSAGE } })]
  const libp2p = await createLibp2p({
    ...baseInit(options, { maxConnections: MAX_CONNECTIONS, secureOnly: true }, await fastNoiseCrypto()),
    addresses: { listen: relayOnly ? [] : ['/webrtc'] },
    transports: [(parts) => rightLinks(webSockets()(parts)), circuit.transport, ...direct],
  })
  return wrap(libp2p, circuit.port, options, relayOnly ? 'relay-only' : 'webrtc')
}
