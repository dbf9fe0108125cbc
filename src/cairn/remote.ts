import type { Cairn, CairnEvent } from './api.ts'
import { methodAt, methodsOf, type Room } from './remote-methods.ts'
import { readStream, serveStream } from './remote-stream.ts'
import {
  dataOf,
  fromWire,
  RemoteError,
  toWire,
  type ClientMessage,
  type RemotePort,
  type ServerMessage,
} from './remote-wire.ts'

/**
 * Answers calls that arrive on `port` with `cairn`, and sends every event to it. A `Uint8Array` that
 * is a whole result and spans its buffer is transferred: the engine must not keep using it.
 * Returns how to stop; it does not close `cairn`.
 */
export function serveCairn(cairn: Cairn, port: RemotePort): () => void {
  let stopped = false
  let release = () => {}
  const post = (message: ServerMessage, transfer: Transferable[] = []) => {
    if (!stopped) port.postMessage(message, transfer)
  }
  const answer = async ({ id, path, args }: ClientMessage) => {
    try {
      const method = methodAt(cairn, path)
      if (method === undefined) throw new RemoteError('remote.no-such-method', { path })
      const transfer: Transferable[] = []
      const value = pack(await method(...args), transfer)
      post({ type: 'done', id, value }, transfer)
    } catch (error) {
      post({ type: 'failed', id, error: toWire(error) })
    }
  }
  const onMessage = (event: Event) => {
    const message = dataOf(event)
    if (isCall(message)) void answer(message)
  }
  port.addEventListener('message', onMessage)
  const unsubscribe = cairn.subscribe((event) => post({ type: 'event', event }))
  port.start?.()
  void holdLock(
    (name) => post({ type: 'hello', lock: name }),
    (free) => (release = free),
  )
  return () => {
    stopped = true
    release()
    unsubscribe()
    port.removeEventListener('message', onMessage)
  }
}

/**
 * A {@link Cairn} whose work is done at the other end of `port`. Calls made before the other end
 * listens wait in the port. When it dies (its lock is released, its script does not load, or the port
 * closes) every call in flight, every later call and every open stream fails with `remote.lost`;
 * `onLost` is told once.
 */
export function connectCairn(port: RemotePort, onLost: () => void = () => {}): Cairn {
  const calls = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>()
  const listeners = new Set<(event: CairnEvent) => void>()
  const openStreams = new Set<() => void>()
  let nextId = 1
  let heard = false
  let state: 'open' | 'closed' | 'lost' = 'open'

  const end = (as: 'closed' | 'lost') => {
    if (state !== 'open') return
    state = as
    port.removeEventListener('message', onMessage)
    for (const call of calls.values()) call.reject(new RemoteError('remote.lost'))
    calls.clear()
    for (const lost of [...openStreams]) lost()
    if (as === 'lost') onLost()
  }
  const onMessage = (event: Event) => {
    heard = true
    // only `serveCairn` posts here
    const message = dataOf(event) as ServerMessage
    if (message.type === 'hello') {
      if (message.lock !== undefined) void watchLock(message.lock, () => end('lost'))
      return
    }
    if (message.type === 'event') {
      for (const listener of [...listeners]) listener(message.event)
      return
    }
    const call = calls.get(message.id)
    calls.delete(message.id)
    if (message.type === 'failed') call?.reject(fromWire(message.error))
    else call?.resolve(unpack(message.value, openStreams))
  }
  port.addEventListener('message', onMessage)
  port.addEventListener('close', () => end('lost'))
  // a worker reports every uncaught error; only one before its first word means that it never started
  port.addEventListener('error', () => {
    if (!heard) end('lost')
  })
  port.start?.()

  const call = async (path: string, args: readonly unknown[]): Promise<unknown> => {
    if (state !== 'open') throw new RemoteError('remote.lost')
    const id = nextId++
    return new Promise((resolve, reject) => {
      calls.set(id, { resolve, reject })
      try {
        port.postMessage({ type: 'call', id, path, args } satisfies ClientMessage, [])
      } catch (error) {
        calls.delete(id)
        reject(new RemoteError('remote.not-cloneable', { path }, { cause: error }))
      }
    })
  }
  const room = <R extends Room>(name: R): Cairn[R] => {
    const methods = methodsOf(name).map((method) => [
      method,
      (...args: unknown[]) => call(`${name}.${method}`, args),
    ])
    // `methodsOf` lists exactly the methods of the room, checked by the compiler where it is written
    return Object.fromEntries(methods) as Cairn[R]
  }
  return {
    library: room('library'),
    activity: room('activity'),
    device: room('device'),
    network: room('network'),
    spaces: room('spaces'),
    accounts: room('accounts'),
    moving: room('moving'),
    writing: room('writing'),
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      if (state !== 'open') return
      await call('close', [])
      end('closed')
    },
  }
}

/** A stream cannot be cloned: it goes as a port. Whole byte arrays move instead of being copied. */
function pack(value: unknown, transfer: Transferable[]): unknown {
  if (
    value instanceof Uint8Array &&
    value.buffer instanceof ArrayBuffer &&
    value.byteLength === value.buffer.byteLength
  ) {
    transfer.push(value.buffer)
  }
  if (isObject(value) && value['stream'] instanceof ReadableStream) {
    const stream = serveStream(value['stream'])
    transfer.push(stream)
    return { ...value, stream }
  }
  return value
}

function unpack(value: unknown, openStreams: Set<() => void>): unknown {
  if (!isObject(value) || !(value['stream'] instanceof MessagePort)) return value
  const stream = readStream(value['stream'], (lost) => {
    openStreams.add(lost)
    return () => openStreams.delete(lost)
  })
  return { ...value, stream }
}

/** Holds a lock nobody else knows until `free` is called or this thread dies, then the client gets it. */
async function holdLock(
  ready: (name: string | undefined) => void,
  free: (release: () => void) => void,
): Promise<void> {
  const locks = globalThis.navigator?.locks
  if (locks === undefined) return ready(undefined)
  const name = `cairn-remote-${crypto.randomUUID()}`
  await locks.request(name, async () => {
    const held = new Promise<void>((resolve) => free(resolve))
    ready(name)
    await held
  })
}

async function watchLock(name: string, gone: () => void): Promise<void> {
  await globalThis.navigator?.locks?.request(name, { mode: 'shared' }, gone)
}

function isCall(message: unknown): message is ClientMessage {
  return (
    isObject(message) &&
    message['type'] === 'call' &&
    typeof message['path'] === 'string' &&
    Array.isArray(message['args'])
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
