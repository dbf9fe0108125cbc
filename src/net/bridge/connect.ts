import { NetError } from '../errors.ts'
import type { ByteStream, Net, StreamHandler } from '../net.ts'
import { finish } from '../node/finish.ts'
import type { Timers } from '../../core/timers.ts'
import { createPortStreams, portGone } from './streams.ts'
import { fromWireError, type Port, type ToClient, type ToServer, type WireState } from './wire.ts'

/** A network that is in another thread. */
export interface BridgedNet extends Net {
  /** Gives the port back; every stream and call fails with `net.closed`. */
  close(): void
}

interface Pending<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

/**
 * The network that {@link serveNet} lends at the other end of the port. Resolves when it answered.
 *
 * @throws NetError `net.closed` when the port closes first
 */
export function connectNet(port: Port, timers: Timers): Promise<BridgedNet> {
  const handlers = new Map<string, StreamHandler>()
  const listeners = new Set<() => void>()
  const opening = new Map<
    number,
    Pending<ByteStream> & { readonly peer: string; readonly protocol: string }
  >()
  const calls = new Map<number, Pending<void>>()
  const ready = Promise.withResolvers<BridgedNet>()
  let state: WireState = { addresses: [], connections: [] }
  let nextId = 1
  let over = false

  const post = (message: ToServer, transfer: Transferable[] = []): void => {
    if (!over) port.postMessage(message, transfer)
  }
  const streams = createPortStreams(post)
  const takeId = (): number => {
    nextId += 2
    return nextId
  }
  const changed = (): void => {
    for (const listener of listeners) listener()
  }

  const open: Net['open'] = (peer, protocol, options = {}) => {
    const { signal, addresses = [] } = options
    if (over) return Promise.reject(portGone())
    if (signal?.aborted === true) return Promise.reject(new NetError('net.cancelled'))
    const id = takeId()
    const { promise, resolve, reject } = Promise.withResolvers<ByteStream>()
    const onAbort = (): void => {
      opening.delete(id)
      post({ kind: 'cancel', id })
      reject(new NetError('net.cancelled', {}, { cause: signal?.reason }))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    opening.set(id, { resolve, reject, peer, protocol })
    post({ kind: 'open', id, peer, protocol, addresses: [...addresses] })
    return promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  const opened = ({ id, path }: Extract<ToClient, { readonly kind: 'opened' }>): void => {
    const waiting = opening.get(id)
    opening.delete(id)
    // Cancelled while it was on its way.
    if (waiting === undefined) streams.begin(id, { peer: '', protocol: '', path }).abort()
    else waiting.resolve(streams.begin(id, { peer: waiting.peer, protocol: waiting.protocol, path }))
  }
  const incoming = (message: Extract<ToClient, { readonly kind: 'incoming' }>): void => {
    const { id, peer, protocol, path } = message
    const stream = streams.begin(id, { peer, protocol, path })
    const handler = handlers.get(protocol)
    if (handler === undefined) stream.abort(new NetError('net.unsupported', { peer, protocol }))
    else void finish(stream, handler, timers)
  }
  const settle = (id: number, error?: unknown): void => {
    const call = calls.get(id) ?? opening.get(id)
    calls.get(id)?.resolve()
    if (error !== undefined) call?.reject(error)
    calls.delete(id)
    opening.delete(id)
  }

  const closed = (): void => {
    if (over) return
    over = true
    const error = portGone()
    ready.reject(error)
    for (const waiting of [...opening.values(), ...calls.values()]) waiting.reject(error)
    opening.clear()
    calls.clear()
    streams.failAll(error)
    state = { addresses: [], connections: [] }
    port.close()
    changed()
  }
  const receive = (message: ToClient): void => {
    if (message.kind === 'hello') {
      state = message.state
      ready.resolve(net(message.self))
    } else if (message.kind === 'state') {
      state = message.state
      changed()
    } else if (message.kind === 'opened') opened(message)
    else if (message.kind === 'incoming') incoming(message)
    else if (message.kind === 'done') settle(message.id)
    else if (message.kind === 'failed') settle(message.id, fromWireError(message.error))
    else if (message.kind === 'bye') closed()
    else streams.receive(message)
  }

  const net = (self: string): BridgedNet => ({
    self,
    addresses: () => state.addresses,
    connections: () => state.connections,
    open,
    handle(protocol, handler) {
      if (handlers.has(protocol)) throw new Error(`${protocol} has a handler`)
      handlers.set(protocol, handler)
      post({ kind: 'handle', protocol })
      return () => {
        if (handlers.get(protocol) !== handler) return
        handlers.delete(protocol)
        post({ kind: 'unhandle', protocol })
      }
    },
    hangUp(peer) {
      if (over) return Promise.reject(portGone())
      const id = takeId()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      calls.set(id, { resolve, reject })
      post({ kind: 'hang-up', id, peer })
      return promise
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      post({ kind: 'bye' })
      closed()
    },
  })

  // Only our own other end writes to the port.
  port.addEventListener('message', ({ data }) => receive(data as ToClient))
  port.addEventListener('messageerror', closed)
  port.addEventListener('close', closed)
  port.start?.()
  return ready.promise
}
