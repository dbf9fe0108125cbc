import type { Net } from '../net.ts'
import { createPortStreams, join, portGone } from './streams.ts'
import { type Port, type ToClient, type ToServer, toWireError, type WireState } from './wire.ts'

/**
 * Lends a network to whoever has the other end of the port, in another thread. What it opened and serves ends
 * with the port, or with the returned function; the network itself goes on.
 */
export function serveNet(net: Net, port: Port): () => void {
  const serving = new Map<string, () => void>()
  const opening = new Map<number, AbortController>()
  let nextId = 2
  let over = false
  let sent = ''

  const post = (message: ToClient, transfer: Transferable[] = []): void => {
    if (!over) port.postMessage(message, transfer)
  }
  const streams = createPortStreams(post)
  const state = (): WireState => ({ addresses: net.addresses(), connections: net.connections() })
  const tell = (): void => {
    const now = state()
    const text = JSON.stringify(now)
    if (text === sent) return
    sent = text
    post({ kind: 'state', state: now })
  }

  const open = async (message: Extract<ToServer, { readonly kind: 'open' }>): Promise<void> => {
    const { id, peer, protocol, addresses } = message
    const cancel = new AbortController()
    opening.set(id, cancel)
    try {
      const stream = await net.open(peer, protocol, { addresses, signal: cancel.signal })
      if (over || cancel.signal.aborted) return stream.abort()
      tell()
      const twin = streams.begin(id, { peer, protocol, path: stream.path })
      post({ kind: 'opened', id, path: stream.path })
      void join(stream, twin)
    } catch (error) {
      post({ kind: 'failed', id, error: toWireError(error, peer) })
    } finally {
      opening.delete(id)
    }
  }

  const handle = (protocol: string): void => {
    const remove = net.handle(protocol, async (stream) => {
      const id = nextId
      nextId += 2
      const { peer, path } = stream
      const twin = streams.begin(id, { peer, protocol, path })
      post({ kind: 'incoming', id, peer, protocol, path })
      await join(stream, twin)
    })
    serving.set(protocol, remove)
  }
  const hangUp = async (id: number, peer: string): Promise<void> => {
    try {
      await net.hangUp(peer)
      tell()
      post({ kind: 'done', id })
    } catch (error) {
      post({ kind: 'failed', id, error: toWireError(error, peer) })
    }
  }

  const stop = (): void => {
    if (over) return
    post({ kind: 'bye' })
    over = true
    stopTelling()
    for (const remove of serving.values()) remove()
    for (const cancel of opening.values()) cancel.abort()
    streams.failAll(portGone())
    port.close()
  }
  const receive = (message: ToServer): void => {
    if (message.kind === 'open') void open(message)
    else if (message.kind === 'cancel') opening.get(message.id)?.abort()
    else if (message.kind === 'handle') handle(message.protocol)
    else if (message.kind === 'unhandle') {
      serving.get(message.protocol)?.()
      serving.delete(message.protocol)
    } else if (message.kind === 'hang-up') void hangUp(message.id, message.peer)
    else if (message.kind === 'bye') stop()
    else streams.receive(message)
  }

  // Only our own other end writes to the port.
  port.addEventListener('message', ({ data }) => receive(data as ToServer))
  port.addEventListener('messageerror', stop)
  port.addEventListener('close', stop)
  port.start?.()
  const stopTelling = net.onChange(tell)
  sent = JSON.stringify(state())
  post({ kind: 'hello', self: net.self, state: state() })
  return stop
}
