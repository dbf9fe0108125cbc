import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Started } from './relays.ts'

/** A way to a port of this machine, on which all goes on until it is told otherwise. */
export interface Pipe {
  readonly port: number
  /** Nothing moves any more, as with a laptop asleep. */
  freeze(): void
  /** What comes from the port is taken no more. */
  deafen(): void
}

export async function startPipe(started: Started, target: number): Promise<Pipe> {
  const near: Socket[] = []
  const far: Socket[] = []
  const server = createServer((socket) => {
    const onward = connect(target, '127.0.0.1')
    near.push(socket)
    far.push(onward)
    for (const one of [socket, onward]) one.on('error', () => one.destroy())
    // Who is let go at one end finds the other gone, once it is written to.
    socket.once('close', () => onward.destroy())
    onward.once('close', () => socket.destroy())
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  started.onClose(() => {
    for (const socket of [...near, ...far]) socket.destroy()
    server.close()
  })
  const stop = (sockets: readonly Socket[]): void => {
    for (const socket of sockets) socket.unpipe().pause()
  }
  return {
    // A TCP server's address is an AddressInfo.
    port: (server.address() as AddressInfo).port,
    freeze: () => stop([...near, ...far]),
    deafen: () => stop(far),
  }
}
