import type { MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'

/** What is used of the connections of @libp2p/websockets beyond their interface. */
interface Link {
  sendData(data: Uint8ArrayList): { readonly sentBytes: number; readonly canSendMore: boolean }
  /** called once a connection was broken off */
  sendReset(): void
  /** `terminate` is there in Node alone */
  readonly websocket: { close(): void; terminate?(): void }
}

/**
 * Puts two things right in the connections of @libp2p/websockets:
 *
 * - They send every part of what they are given as a message of its own, and Noise gives them the two bytes of a
 *   length and then what they measure: twice the messages, each of which costs an event and a system call at both
 *   ends. Here what is written at once goes as one message.
 * - One that is broken off closes its WebSocket with a code that no WebSocket may send, which throws: it would stay
 *   open for as long as the other side likes, a frozen page's until its machine is switched off. Here it is closed.
 */
export function rightLinks(transport: Transport): Transport {
  const dial = transport.dial.bind(transport)
  const createListener = transport.createListener.bind(transport)
  return Object.assign(transport, {
    dial: (address, options) => dial(address, { ...options, upgrader: righting(options.upgrader) }),
    createListener: (options) => createListener({ ...options, upgrader: righting(options.upgrader) }),
  } satisfies Pick<Transport, 'dial' | 'createListener'>)
}

function righting(upgrader: Upgrader): Upgrader {
  return new Proxy(upgrader, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name !== 'upgradeOutbound' && name !== 'upgradeInbound') return value.bind(target)
      return (link: MultiaddrConnection, ...rest: unknown[]): unknown =>
        value.call(target, righted(link), ...rest)
    },
  })
}

function righted(connection: MultiaddrConnection): MultiaddrConnection {
  // The class of all connections of that transport; its methods are not in their interface.
  const link = connection as MultiaddrConnection & Link
  const sendData = link.sendData.bind(link)
  link.sendData = (data) => sendData(new Uint8ArrayList(data.subarray()))
  link.sendReset = () => {
    if (link.websocket.terminate === undefined) link.websocket.close()
    else link.websocket.terminate()
  }
  return connection
}
