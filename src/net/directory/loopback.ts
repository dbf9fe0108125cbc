import { NetError } from '../errors.ts'
import type { ByteStream } from '../net.ts'
import { DIRECTORY_PROTOCOL } from './limits.ts'
import type { DirectoryServer } from './server.ts'

/** Bytes that one direction holds before its writer waits: a few messages. */
const ROOM = 64 * 1024

interface Lane {
  write(bytes: Uint8Array): Promise<void>
  read(): Promise<Uint8Array | undefined>
  end(error?: NetError): void
}

function createLane(): Lane {
  const waiting: Uint8Array[] = []
  let held = 0
  let over = false
  let failure: NetError | undefined
  let wake = Promise.withResolvers<void>()
  const changed = (): void => {
    wake.resolve()
    wake = Promise.withResolvers()
  }
  return {
    async write(bytes) {
      while (!over && held >= ROOM) await wake.promise
      if (over) throw failure ?? new NetError('net.closed')
      waiting.push(bytes.slice())
      held += bytes.length
      changed()
    },
    async read() {
      while (!over && waiting.length === 0) await wake.promise
      if (failure !== undefined) throw failure
      const bytes = waiting.shift()
      held -= bytes?.length ?? 0
      changed()
      return bytes
    },
    end(error) {
      failure ??= error
      over = true
      changed()
    },
  }
}

/**
 * A stream to a directory server in this process, for the node that it runs in: the relay's own store
 * announces and looks up as any device does. For `open` of `createDirectory`.
 */
export function openLoopback(server: DirectoryServer, self: string): ByteStream {
  const there = createLane()
  const back = createLane()
  const side = (out: Lane, into: Lane): ByteStream => ({
    protocol: DIRECTORY_PROTOCOL,
    peer: self,
    path: 'direct',
    read: into.read,
    write: out.write,
    async closeWrite() {
      out.end()
    },
    abort() {
      const reset = new NetError('net.reset', { peer: self })
      out.end(reset)
      into.end(reset)
    },
  })
  const near = side(there, back)
  const far = side(back, there)
  server.serve(far).then(
    () => far.closeWrite(),
    () => far.abort(),
  )
  return near
}
