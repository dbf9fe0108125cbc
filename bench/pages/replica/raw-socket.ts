import type { PageCalls } from './protocol.ts'

const MESSAGE = 64 * 1024
/** The receiver says so after this many bytes. */
const STEP = 256 * 1024
/** On their way at most; a browser does not say when a socket has room. */
const WINDOW = 4 << 20

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url)
  socket.binaryType = 'arraybuffer'
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true })
    socket.addEventListener('error', () => reject(new Error(`no socket at ${url}`)), { once: true })
  })
  return socket
}

/** Connects, and sends when the receiver asks. */
export const socketSend: PageCalls['socketSend'] = async ({ url, bytes }) => {
  const socket = await open(url)
  const piece = crypto.getRandomValues(new Uint8Array(MESSAGE))
  let left = bytes
  let room = WINDOW
  socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
    if (data === 'bye') return socket.close()
    if (data === 'more') room += STEP
    while (left > 0 && room > 0) {
      const part = left >= MESSAGE ? piece : piece.subarray(0, left)
      socket.send(part)
      left -= part.length
      room -= part.length
    }
  })
}

/** Everything that comes is dropped; the time is that from the word to the last byte. */
export const socketReceive: PageCalls['socketReceive'] = async ({ url, bytes }) => {
  const socket = await open(url)
  const started = performance.now()
  await new Promise<void>((resolve) => {
    let left = bytes
    let told = 0
    socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
      left -= data.byteLength
      told += data.byteLength
      for (; told >= STEP; told -= STEP) socket.send('more')
      if (left <= 0) resolve()
    })
    socket.send('go')
  })
  const ms = performance.now() - started
  socket.send('bye')
  socket.close()
  return { ms, bytes }
}
