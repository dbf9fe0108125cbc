import type { MultiaddrConnection, Transport, Upgrader } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'

/** The method of @libp2p/utils' connections that writes; their interface does not show it. */
interface Writes {
  sendData(data: Uint8ArrayList): { readonly sentBytes: number; readonly canSendMore: boolean }
}

/**
 * @libp2p/websockets sends every part of what it is given as a message of its own, and Noise gives it the two
 * bytes of a length and then what they measure: twice the messages, each of which costs an event and a system
 * call at both ends. Here what is written at once goes as one message.
 */
export function wholeMessages(transport: Transport): Transport {
  const dial = transport.dial.bind(transport)
  const createListener = transport.createListener.bind(transport)
  return Object.assign(transport, {
    dial: (address, options) => dial(address, { ...options, upgrader: joining(options.upgrader) }),
    createListener: (options) => createListener({ ...options, upgrader: joining(options.upgrader) }),
  } satisfies Pick<Transport, 'dial' | 'createListener'>)
}

function joining(upgrader: Upgrader): Upgrader {
  return new Proxy(upgrader, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      if (name !== 'upgradeOutbound' && name !== 'upgradeInbound') return value.bind(target)
      return (link: MultiaddrConnection, ...rest: unknown[]): unknown =>
        value.call(target, joined(link), ...rest)
    },
  })
}

function joined(link: MultiaddrConnection): MultiaddrConnection {
  const writes = link as MultiaddrConnection & Writes
  const sendData = writes.sendData.bind(writes)
  writes.sendData = (data) => sendData(new Uint8ArrayList(data.subarray()))
  return link
}
