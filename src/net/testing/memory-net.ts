import type { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'
import type { ByteStream, Net, Path, StreamHandler } from '../net.ts'

/** Bytes that one direction holds before its writer waits. */
const ROOM = 256 * 1024

interface Pipe {
  write(bytes: Uint8Array): Promise<void>
  read(): Promise<Uint8Array | undefined>
  end(): void
  /** ends it at once: its two sides see why, each in its own words */
  fail(reader: CairnError, writer: CairnError): void
}

/** One direction: bounded, in order, ends once. Chunks are split and joined, so that readers cannot rely on them. */
function createPipe(): Pipe {
  const chunks: Uint8Array[] = []
  let held = 0
  let ended = false
  let failure: { readonly reader: CairnError; readonly writer: CairnError } | undefined
  let wake = Promise.withResolvers<void>()
  let turn: Promise<void> = Promise.resolve()
  const changed = (): void => {
    wake.resolve()
    wake = Promise.withResolvers()
  }
  const writeAll = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length; at += 40_000) {
      while (failure === undefined && held >= ROOM) await wake.promise
      if (failure !== undefined) throw failure.writer
      const part = bytes.slice(at, at + 40_000)
      chunks.push(part)
      held += part.length
      changed()
    }
  }
  return {
    write(bytes) {
      if (ended) return Promise.reject(failure?.writer ?? new NetError('net.closed'))
      const own = bytes.slice()
      const mine = turn.then(() => writeAll(own))
      turn = mine.catch(() => {})
      return mine
    },
    async read() {
      while (failure === undefined && chunks.length === 0 && !ended) await wake.promise
      if (failure !== undefined) throw failure.reader
      const chunk = chunks.shift()
      held -= chunk?.length ?? 0
      changed()
      return chunk
    },
    end() {
      ended = true
      changed()
    },
    fail(reader, writer) {
      failure ??= { reader, writer }
      ended = true
      chunks.length = 0
      changed()
    },
  }
}

function streamPair(protocol: string, path: Path, from: string, to: string): [ByteStream, ByteStream] {
  const there = createPipe()
  const back = createPipe()
  const side = (self: string, peer: string, out: Pipe, into: Pipe): ByteStream => ({
    protocol,
    peer,
    path,
    read: () => into.read(),
    write: (bytes) => out.write(bytes),
    async closeWrite() {
      out.end()
    },
    abort(error) {
      const mine = error ?? new NetError('net.closed')
      const theirs = new NetError('net.reset', { peer: self })
      out.fail(theirs, mine)
      into.fail(mine, theirs)
    },
  })
  return [side(from, to, there, back), side(to, from, back, there)]
}

export interface MemoryNetwork {
  /** A node with this id. The path decides what its streams call themselves. */
  node(id: string, path?: Path): Net & { readonly stop: () => void }
  /** Breaks every stream of a node; new ones fail until `mend`. */
  cut(id: string): void
  mend(id: string): void
}

/** Nodes in one process with the flow control and half-closing of the real ones. */
export function createMemoryNetwork(): MemoryNetwork {
  const handlers = new Map<string, Map<string, StreamHandler>>()
  const streams = new Map<string, Set<ByteStream>>()
  const away = new Set<string>()
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  const breakOff = (id: string): void => {
    for (const stream of streams.get(id) ?? []) stream.abort(new NetError('net.reset', { peer: stream.peer }))
    streams.get(id)?.clear()
    tell()
  }
  return {
    node(id, path = 'direct') {
      const mine = new Map<string, StreamHandler>()
      handlers.set(id, mine)
      streams.set(id, new Set())
      return {
        self: id,
        addresses: () => (away.has(id) ? [] : [`/memory/${id}`]),
        connections: () =>
          [...handlers.keys()]
            .filter((peer) => peer !== id && !away.has(peer) && !away.has(id))
            .map((peer) => ({
              peer,
              address: `/memory/${peer}`,
              path,
              direction: 'outbound' as const,
              since: 0,
            })),
        async open(peer, protocol, options) {
          if (options?.signal?.aborted === true) throw new NetError('net.cancelled')
          const theirs = handlers.get(peer)
          if (theirs === undefined) throw new NetError('net.no-addresses', { peer })
          if (away.has(peer) || away.has(id)) throw new NetError('net.unreachable', { peer, tried: 1 })
          const handler = theirs.get(protocol)
          if (handler === undefined) throw new NetError('net.unsupported', { peer, protocol })
          const [near, far] = streamPair(protocol, path, id, peer)
          streams.get(id)?.add(near)
          streams.get(peer)?.add(far)
          queueMicrotask(() => {
            handler(far).then(
              () => far.closeWrite(),
              () => far.abort(),
            )
          })
          return near
        },
        handle(protocol, handler) {
          mine.set(protocol, handler)
          return () => mine.delete(protocol)
        },
        async hangUp(peer) {
          for (const stream of streams.get(id) ?? []) if (stream.peer === peer) stream.abort()
        },
        onChange(listener) {
          listeners.add(listener)
          return () => listeners.delete(listener)
        },
        stop() {
          breakOff(id)
          handlers.delete(id)
        },
      }
    },
    cut(id) {
      away.add(id)
      breakOff(id)
    },
    mend(id) {
      away.delete(id)
      tell()
    },
  }
}
