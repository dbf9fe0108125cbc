import type { PageCalls } from './protocol.ts'

/** One message: what the product sends, and what every browser takes. */
const MESSAGE = 64 * 1024
/** What waits in the sender: enough that the channel never runs dry. */
const BUFFERED = 1 << 20

let receiver: { readonly connection: RTCPeerConnection; readonly channel: RTCDataChannel } | undefined

const gathered = (connection: RTCPeerConnection): Promise<void> =>
  new Promise((resolve) => {
    const look = (): void => {
      if (connection.iceGatheringState === 'complete') resolve()
    }
    connection.addEventListener('icegatheringstatechange', look)
    look()
  })

export const rtcOffer: PageCalls['rtcOffer'] = async () => {
  const connection = new RTCPeerConnection({ iceServers: [] })
  const channel = connection.createDataChannel('bytes')
  channel.binaryType = 'arraybuffer'
  receiver = { connection, channel }
  await connection.setLocalDescription()
  await gathered(connection)
  return JSON.stringify(connection.localDescription)
}

/** Sends so many bytes as soon as the receiver says a word. */
export const rtcAnswer: PageCalls['rtcAnswer'] = async ({ offer, bytes }) => {
  const connection = new RTCPeerConnection({ iceServers: [] })
  connection.addEventListener('datachannel', ({ channel }) => {
    channel.addEventListener('message', () => void pump(channel, bytes))
    channel.addEventListener('close', () => connection.close())
  })
  await connection.setRemoteDescription(JSON.parse(offer) as RTCSessionDescriptionInit)
  await connection.setLocalDescription()
  await gathered(connection)
  return JSON.stringify(connection.localDescription)
}

async function pump(channel: RTCDataChannel, bytes: number): Promise<void> {
  const piece = crypto.getRandomValues(new Uint8Array(MESSAGE))
  channel.bufferedAmountLowThreshold = BUFFERED / 2
  for (let left = bytes; left > 0; left -= MESSAGE) {
    if (channel.bufferedAmount >= BUFFERED)
      await new Promise((resolve) => channel.addEventListener('bufferedamountlow', resolve, { once: true }))
    channel.send(left >= MESSAGE ? piece : piece.subarray(0, left))
  }
}

/** Everything that comes is dropped; the time is that from the word to the last byte. */
export const rtcReceive: PageCalls['rtcReceive'] = async ({ answer, bytes }) => {
  if (receiver === undefined) throw new Error('no offer was made')
  const { connection, channel } = receiver
  const opened = new Promise((resolve) => channel.addEventListener('open', resolve, { once: true }))
  await connection.setRemoteDescription(JSON.parse(answer) as RTCSessionDescriptionInit)
  await opened
  const started = performance.now()
  await new Promise<void>((resolve) => {
    let left = bytes
    channel.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => {
      left -= data.byteLength
      if (left <= 0) resolve()
    })
    channel.send('go')
  })
  const ms = performance.now() - started
  connection.close()
  return { ms, bytes }
}
