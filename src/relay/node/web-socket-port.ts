import { webSockets } from '@libp2p/websockets'
import type { WebSocketsComponents } from '@libp2p/websockets'
import type { Listener, Transport } from '@libp2p/interface'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Multiaddr } from '@multiformats/multiaddr'
import { WebSocketServer } from 'ws'
import type { WebSocket as NodeWebSocket } from 'ws'
import { rightLinks } from '../../net/node/web-socket-links.ts'
import type { AddressGuard } from '../guard/addresses.ts'
import { openWebSocket } from '../guard/web-socket.ts'
import { webSocketUrl } from './multiaddrs.ts'

/** What the transport listens on: a port of this machine that nobody is told and that takes no WebSocket. */
export const INTERNAL_LISTEN = '/ip4/127.0.0.1/tcp/0/ws'

export interface WebSocketPort {
  /** for libp2p's `transports` */
  readonly transport: (components: WebSocketsComponents) => Transport
  /** Makes an HTTP upgrade a connection of libp2p. Answers 503 and ends the socket before libp2p listens. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Ends what is still open, at once. */
  close(): void
}

/** A listener of @libp2p/websockets: what it does with a WebSocket that its own server has accepted. */
interface WebSocketListener extends Listener {
  onWsServerConnection(socket: NodeWebSocket, request: IncomingMessage): void
}

/**
 * libp2p's WebSocket transport on a server that is not its own. The transport insists on a port; it gets one
 * on the loopback interface where every request is refused, and WebSockets come in through `upgrade`.
 * Dials resolve names through the guard, which Node's own WebSocket cannot do.
 */
export function createWebSocketPort(options: {
  readonly guard: AddressGuard
  /** bytes of one message */
  readonly messageBytes: number
}): WebSocketPort {
  const server = new WebSocketServer({ noServer: true, maxPayload: options.messageBytes })
  let listener: WebSocketListener | undefined
  const create = webSockets({ http: { shouldUpgradeCallback: () => false } })

  return {
    transport: (components) => {
      const transport = rightLinks(create(components))
      const createListener = transport.createListener.bind(transport)
      return Object.assign(transport, {
        createListener: (init: Parameters<typeof createListener>[0]): Listener => {
          const made = createListener(init)
          if (!takesWebSockets(made)) throw new Error('@libp2p/websockets has no onWsServerConnection')
          listener = made
          return made
        },
        _connect: (address: Multiaddr, init: { readonly signal?: AbortSignal }) =>
          connect(options.guard, webSocketUrl(address), init.signal),
      })
    },
    upgrade: (request, socket, head) => {
      const target = listener
      if (target === undefined || target.getAddrs().length === 0) {
        socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n')
        return
      }
      server.handleUpgrade(request, socket, head, (webSocket) => {
        // A frame that is none, or too long: without a listener it would end the process.
        webSocket.on('error', () => webSocket.terminate())
        target.onWsServerConnection(webSocket, request)
      })
    },
    close: () => {
      for (const client of server.clients) client.terminate()
      server.close()
    },
  }
}

const takesWebSockets = (listener: Listener): listener is WebSocketListener =>
  'onWsServerConnection' in listener && typeof listener.onWsServerConnection === 'function'

/** An open WebSocket, in the form that the transport goes on with. */
function connect(guard: AddressGuard, url: URL, signal?: AbortSignal): Promise<NodeWebSocket> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const socket = openWebSocket(guard, url)
    socket.binaryType = 'arraybuffer'
    const abort = (): void => {
      socket.terminate()
      // An abort's reason is whatever its owner gave; ours are errors.
      reject(signal?.reason instanceof Error ? signal.reason : new Error('The dial was aborted'))
    }
    signal?.addEventListener('abort', abort, { once: true })
    socket.once('open', () => {
      signal?.removeEventListener('abort', abort)
      resolve(socket)
    })
    // Stays for as long as the socket: an error without a listener would end the process.
    socket.on('error', (error: Error) => {
      signal?.removeEventListener('abort', abort)
      reject(error)
    })
  })
}
