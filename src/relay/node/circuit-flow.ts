import { RELAY_V2_HOP_CODEC, RELAY_V2_STOP_CODEC } from '@libp2p/circuit-relay-v2'
import type { CircuitRelayServerComponents } from '@libp2p/circuit-relay-v2'
import type { Connection, Stream } from '@libp2p/interface'
import { AsyncLocalStorage } from 'node:async_hooks'
import { newestFirst } from './newest.ts'
import { overlay } from './overlay.ts'

/** Bytes that wait for a slow receiver before its sender is stopped; up to a stream's window comes after. */
const STOP_AT = 256 * 1024
/** Bytes at which the sender may go on. */
const GO_ON_AT = 64 * 1024

/**
 * Components for libp2p's circuit relay server that put right two things it does:
 *
 * - It passes bytes on through a queue without end: whoever sends faster than the other side reads fills the
 *   relay's memory. Here the sender's stream is paused while too much waits, so that its window closes.
 * - It reaches a peer over the first of its connections, which may be dead. Here that is the newest.
 *
 * The server shows neither of a circuit's streams. It gets the first one from the registrar and the second
 * from a connection that it looks up meanwhile; both are handed to it through here, and asynchronous context
 * tells which belong together.
 */
export function circuitComponents(components: CircuitRelayServerComponents): CircuitRelayServerComponents {
  const { registrar, connectionManager } = components
  // Libp2p's components are a proxy that cannot be spread.
  const { peerStore, addressManager, peerId, privateKey, connectionGater, logger } = components
  const incoming = new AsyncLocalStorage<Stream>()

  return {
    peerStore,
    addressManager,
    peerId,
    privateKey,
    connectionGater,
    logger,
    registrar: overlay(registrar, {
      handle: (protocol, handler, options) => {
        if (protocol !== RELAY_V2_HOP_CODEC) return registrar.handle(protocol, handler, options)
        const served: typeof handler = (stream, connection) =>
          incoming.run(stream, () => handler(stream, connection))
        return registrar.handle(protocol, served, options)
      },
    }),
    connectionManager: overlay(connectionManager, {
      getConnections: (peer) => {
        const found = newestFirst(connectionManager.getConnections(peer))
        const from = incoming.getStore()
        return from === undefined ? found : found.map((one) => coupling(one, from))
      },
    }),
  }
}

/** The connection, whose stream to the far end of a circuit is coupled with the stream from the near end. */
function coupling(connection: Connection, from: Stream): Connection {
  return overlay(connection, {
    newStream: async (protocols, options) => {
      const to = await connection.newStream(protocols, options)
      if (protocols === RELAY_V2_STOP_CODEC) couple(from, to)
      return to
    },
  })
}

/** Keeps what waits between two streams, which someone else pipes into each other, below a bound. */
function couple(one: Stream, other: Stream): void {
  follow(one, other)
  follow(other, one)
}

function follow(from: Stream, to: Stream): void {
  let waiting = 0
  let resuming = false

  const stopIfFull = (): void => {
    if (waiting > STOP_AT && from.readStatus === 'readable') from.pause()
  }
  const settle = (): void => {
    if (resuming) return
    stopIfFull()
    while (waiting <= GO_ON_AT && from.readStatus === 'paused') {
      // What was held comes at once, from within; pausing again has to wait for its end.
      resuming = true
      try {
        from.resume()
      } catch {
        // The connection is gone, and what was held with it.
        return
      } finally {
        resuming = false
      }
      stopIfFull()
    }
  }
  from.addEventListener('message', ({ data }) => {
    waiting += data.byteLength
    settle()
  })
  const send = to.send.bind(to)
  to.send = (data) => {
    // The two ends of the circuit's handshake are not passed on: never below nothing.
    waiting = Math.max(0, waiting - data.byteLength)
    const more = send(data)
    settle()
    return more
  }
}
