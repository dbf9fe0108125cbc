import type { WebSocket } from 'ws'
import { CairnError } from '../../core/errors.ts'
import type { OpenSocket } from '../../pds/firehose/socket.ts'

/** `ws` can stop reading from the network; the standard WebSocket cannot. */
interface Pausing {
  pause?(): void
  resume?(): void
}

/** A WebSocket that only public addresses are reached with, as the firehose's client wants it. */
export function createFirehoseSocket(dial: (url: string) => WebSocket): OpenSocket {
  return (url, events) => {
    const socket: WebSocket & Pausing = dial(url)
    socket.binaryType = 'nodebuffer'
    let over = false
    const end = (reason: string): void => {
      if (over) return
      over = true
      events.onClose(reason)
    }
    socket.on('open', () => {
      if (!over) events.onOpen()
    })
    socket.on('message', (data: unknown, binary: boolean) => {
      if (!over) events.onMessage(binary && data instanceof Uint8Array ? data : undefined)
    })
    // A refused address is told by its code; what else goes wrong, as the system has it.
    socket.on('error', (error: Error) => end(error instanceof CairnError ? error.code : error.message))
    socket.on('close', (code: number) => end(`closed ${code}`))
    return {
      close() {
        over = true
        socket.terminate()
      },
      pause: () => socket.pause?.(),
      resume: () => socket.resume?.(),
    }
  }
}
