import { fromUtf8Strict, utf8 } from '../../core/bytes.ts'
import { NetError } from '../errors.ts'
import type {
  Encoding,
  EncodingName,
  Extension,
  ExtensionHandlers,
  NamedExtension,
} from './extension-model.ts'
import type { NetworkerLimits } from './limits.ts'
import type { Networker, Peer } from './model.ts'
import { MAX_NAME_BYTES } from './wire.ts'

/** The extensions of a networker, and what comes for them. */
export interface Extensions {
  readonly register: Networker['registerExtension']
  /** Gives a message to all extensions of its name; resolves when they are done. Never rejects. */
  receive(peer: Peer, name: string, data: Uint8Array): Promise<void>
  close(): void
}

type HandlersOf<T, H> = H | ((extension: Extension<T>) => H)

export interface ExtensionsInput {
  readonly limits: NetworkerLimits
  readonly peers: ReadonlySet<Peer>
  readonly send: (peer: Peer, name: string, data: Uint8Array) => void
  /** told of what no `onerror` takes */
  readonly failed: (error: Error, peer: Peer) => void
}

interface Registered {
  readonly name: string
  readonly take: (peer: Peer, data: Uint8Array) => Promise<void>
  readonly destroy: () => void
}

export function createExtensions({ limits, peers, send, failed }: ExtensionsInput): Extensions {
  const registered = new Set<Registered>()
  let closed = false

  const add = <T>(make: (extension: Extension<T>) => NamedExtension<T>): Extension<T> => {
    if (closed) throw new NetError('net.closed')
    if (registered.size >= limits.extensions)
      throw new NetError('net.limit', { what: 'extensions', limit: limits.extensions })
    let name = ''
    let entry: Registered | undefined
    const encode = (message: T): Uint8Array => {
      // Set last: whoever sends before its handlers are known, or after `destroy`, is told so.
      if (entry === undefined) throw new NetError('net.closed')
      const bytes = encodingOf(handlers).encode(message)
      if (bytes.length > limits.messageBytes)
        throw new NetError('net.too-large', { bytes: bytes.length, limit: limits.messageBytes })
      return bytes
    }
    const extension: Extension<T> = {
      get name() {
        return name
      },
      send(message, peer) {
        const bytes = encode(message)
        if (!peers.has(peer)) throw new NetError('net.unreachable', { peer: peer.id, tried: 0 })
        send(peer, name, bytes)
      },
      broadcast(message) {
        const bytes = encode(message)
        const to = [...peers]
        for (const peer of to) send(peer, name, bytes)
        return to.length
      },
      destroy() {
        if (entry !== undefined) registered.delete(entry)
        entry = undefined
      },
    }
    const handlers = make(extension)
    const length = utf8(handlers.name).length
    if (length === 0 || length > MAX_NAME_BYTES)
      throw new NetError('net.malformed', { reason: 'extension-name' })
    name = handlers.name
    entry = {
      name: handlers.name,
      destroy: extension.destroy,
      async take(peer, data) {
        try {
          await handlers.onmessage?.(encodingOf(handlers).decode(data), peer)
        } catch (thrown) {
          const error = thrown instanceof Error ? thrown : new Error(String(thrown))
          if (handlers.onerror === undefined) failed(error, peer)
          else handlers.onerror(error, peer)
        }
      },
    }
    registered.add(entry)
    return extension
  }
  function register<T>(name: string, handlers: HandlersOf<T, ExtensionHandlers<T>>): Extension<T>
  function register<T>(handlers: HandlersOf<T, NamedExtension<T>>): Extension<T>
  function register<T>(
    first: string | HandlersOf<T, NamedExtension<T>>,
    second: HandlersOf<T, ExtensionHandlers<T>> = {},
  ): Extension<T> {
    const made = <H>(handlers: HandlersOf<T, H>, extension: Extension<T>): H =>
      // A function is the only callable one of the two.
      typeof handlers === 'function' ? (handlers as (it: Extension<T>) => H)(extension) : handlers
    return add((extension) =>
      typeof first === 'string' ? { ...made(second, extension), name: first } : made(first, extension),
    )
  }
  return {
    register,
    async receive(peer, name, data) {
      for (const entry of [...registered])
        if (entry.name === name)
          await entry.take(peer, data).catch((error: unknown) => {
            // `onerror` itself failed.
            failed(error instanceof Error ? error : new Error(String(error)), peer)
          })
    },
    close() {
      closed = true
      for (const entry of [...registered]) entry.destroy()
    },
  }
}

const encodings: Readonly<Record<EncodingName, Encoding<unknown>>> = {
  binary: {
    encode(message) {
      if (!(message instanceof Uint8Array)) throw new NetError('net.malformed', { reason: 'binary' })
      return message
    },
    decode: (bytes) => bytes,
  },
  'utf-8': {
    encode(message) {
      if (typeof message !== 'string') throw new NetError('net.malformed', { reason: 'utf-8' })
      return utf8(message)
    },
    decode: (bytes) => textOf(bytes, 'utf-8'),
  },
  json: {
    encode(message) {
      const text: string | undefined = JSON.stringify(message)
      if (text === undefined) throw new NetError('net.malformed', { reason: 'json' })
      return utf8(text)
    },
    decode(bytes) {
      try {
        return JSON.parse(textOf(bytes, 'json'))
      } catch (cause) {
        throw new NetError('net.malformed', { reason: 'json' }, { cause })
      }
    },
  },
}

function textOf(bytes: Uint8Array, reason: string): string {
  const text = fromUtf8Strict(bytes)
  if (text === undefined) throw new NetError('net.malformed', { reason })
  return text
}

const encodingOf = <T>({ encoding = 'binary' }: ExtensionHandlers<T>): Encoding<T> =>
  // Whoever names an encoding says with T what it gives: `binary` bytes, `utf-8` text, `json` what was sent.
  typeof encoding === 'string' ? (encodings[encoding] as Encoding<T>) : encoding
