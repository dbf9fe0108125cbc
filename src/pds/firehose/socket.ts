/** What a WebSocket tells. None of it is called after `onClose`. */
export interface SocketEvents {
  onOpen(): void
  /** a binary message; undefined for a text one */
  onMessage(bytes: Uint8Array | undefined): void
  /** once; also when it never opened */
  onClose(reason: string): void
}

export interface Socket {
  close(): void
  /** Takes no more from the network until `resume`, where the host can do that. */
  pause(): void
  resume(): void
}

/** Opens a WebSocket. Hosts that reach for others refuse private addresses here, after resolution. */
export type OpenSocket = (url: string, events: SocketEvents) => Socket

/** The standard WebSocket of browsers and Node. It cannot pause: whoever reads from it must bound what waits. */
export function openStandardSocket(url: string, events: SocketEvents): Socket {
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  let over = false
  const end = (reason: string): void => {
    if (over) return
    over = true
    events.onClose(reason)
  }
  socket.addEventListener('open', () => events.onOpen())
  socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (!over) events.onMessage(data instanceof ArrayBuffer ? new Uint8Array(data) : undefined)
  })
  socket.addEventListener('error', () => end('error'))
  socket.addEventListener('close', ({ code }) => end(`closed ${code}`))
  return {
    close() {
      over = true
      socket.close()
    },
    pause: () => {},
    resume: () => {},
  }
}
