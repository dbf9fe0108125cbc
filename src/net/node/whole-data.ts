import type { Stream } from '@libp2p/interface'
import { varintLength, writeVarint } from '../../core/varint.ts'

/** The parts of a list of bytes, as libp2p hands them to who sends. */
interface Parts extends Iterable<Uint8Array> {
  readonly byteLength: number
}

/** What is used of @libp2p/webrtc's streams beyond their interface. */
interface DataStream {
  readonly channel: Pick<RTCDataChannel, 'readyState' | 'bufferedAmount' | 'send'>
  readonly maxBufferedAmount: number
  sendData(data: Parts): { readonly sentBytes: number; readonly canSendMore: boolean }
  abort(error: Error): void
}

/** Field 2, `message`, of the frame that the WebRTC specification of libp2p has around what is sent. */
const MESSAGE_FIELD = 0x12

/**
 * @libp2p/webrtc sends every part of a frame as a message of its own: the bytes of its length, and then what they
 * measure, copied twice on the way. Here a frame goes as one message, from a buffer that is used again, since a
 * channel copies what it is given. The bytes are the same ones.
 *
 * Gives the stream back; one that is over no data channel is left as it is.
 */
export function wholeData(stream: Stream): Stream {
  if (!('channel' in stream && 'sendData' in stream && 'maxBufferedAmount' in stream)) return stream
  // The class behind the interface: only a data channel's streams have these three.
  const inner = stream as unknown as DataStream
  const { channel } = inner
  let room = new Uint8Array(0)
  inner.sendData = (data) => {
    if (channel.readyState !== 'open') return { sentBytes: 0, canSendMore: false }
    const { byteLength } = data
    const body = 1 + varintLength(byteLength) + byteLength
    const size = varintLength(body) + body
    if (room.length < size) room = new Uint8Array(size)
    let at = writeVarint(room, 0, body)
    room[at++] = MESSAGE_FIELD
    at = writeVarint(room, at, byteLength)
    for (const part of data) {
      room.set(part, at)
      at += part.length
    }
    try {
      channel.send(room.subarray(0, size))
    } catch (error) {
      inner.abort(error instanceof Error ? error : new Error('the channel takes nothing', { cause: error }))
    }
    return { sentBytes: byteLength, canSendMore: channel.bufferedAmount < inner.maxBufferedAmount }
  }
  return stream
}
