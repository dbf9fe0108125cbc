import type { MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { yamux, type YamuxMuxerInit } from '@libp2p/yamux'
import type { Uint8ArrayList } from 'uint8arraylist'
import { NetError } from '../errors.ts'

/** What is used of @libp2p/yamux beyond its interface. */
interface MadeStream {
  /** bytes that the other side may send before it must wait, at most and now */
  recvWindow: number
  recvWindowCapacity: number
  /** what came while nobody reads */
  readonly readBuffer: Uint8ArrayList
  sendWindowUpdate(): void
  onData(data: Uint8ArrayList): void
}
interface Muxer {
  _newStream(...args: readonly unknown[]): MadeStream
  /** what came and is not read yet; a read of it gives nothing while the frame is not whole */
  readonly decoder: { readonly buffer: { readonly byteLength: number }; readFrame(): unknown }
  /** True when more may be sent at once. */
  sendFrame(...args: readonly unknown[]): boolean
}

/** Bytes of a frame before its data. */
const HEAD_BYTES = 12
/** The most that a stream lets the other side send before it must wait, unless it is told; the library's. */
const LIBRARY_WINDOW = 16 * 1024 * 1024
/** Parts of a stream's bytes that wait side by side before they become one. */
const MOST_PARTS = 256
/**
 * Frames that wait while the other side takes nothing: each stream stops after one, and the rest are answers to what
 * it sends itself, as pings are.
 */
const MOST_WAITING = 8192

/**
 * yamux that gives bytes back to a sender in halves of a window, as its specification has it ("window updates")
 * and other implementations do. @libp2p/yamux answers every frame with an update of its own. Each of those is
 * one more sealed message, and over a circuit it is answered in turn: eight messages for every piece of data
 * where two and a little are enough.
 *
 * A sender never waits for an update that does not come: it waits only when it has used the whole window, and
 * by then half of it has come back.
 *
 * And yamux whose memory the other side cannot fill. @libp2p/yamux looks at the window only once a frame is whole, and
 * a frame may say that it has 4 GiB; and it answers every ping of who reads none of the answers. Here both end the
 * connection. What came in single bytes is put together while it waits.
 */
export function sparingYamux(init: YamuxMuxerInit): () => StreamMuxerFactory {
  const create = yamux(init)
  const longest = HEAD_BYTES + (init.streamOptions?.maxStreamWindowSize ?? LIBRARY_WINDOW)
  return () => {
    const factory = create()
    const createStreamMuxer = factory.createStreamMuxer.bind(factory)
    return Object.assign(factory, {
      createStreamMuxer(link: MessageStream) {
        const muxer = createStreamMuxer(link)
        // The method that makes every stream of either side; its type keeps it to itself.
        const inner = muxer as unknown as Muxer
        const newStream = inner._newStream.bind(muxer)
        inner._newStream = (...args) => joining(sparing(newStream(...args)))
        boundFrames(inner.decoder, longest)
        boundAnswers(inner, link)
        return muxer
      },
    })
  }
}

/** Each part takes some hundred bytes beside its own. */
function joining(stream: MadeStream): MadeStream {
  const onData = stream.onData.bind(stream)
  let parts = 0
  stream.onData = (data) => {
    onData(data)
    const { readBuffer } = stream
    if (readBuffer.byteLength === 0) parts = 0
    else if (++parts >= MOST_PARTS) {
      parts = 1
      const whole = readBuffer.slice()
      readBuffer.consume(whole.length)
      readBuffer.append(whole)
    }
  }
  return stream
}

/** What it throws ends the connection. */
function boundFrames(decoder: Muxer['decoder'], longest: number): void {
  const readFrame = decoder.readFrame.bind(decoder)
  decoder.readFrame = () => {
    const frame = readFrame()
    if (frame === undefined && decoder.buffer.byteLength > longest)
      throw new NetError('net.malformed', { reason: 'yamux-frame' })
    return frame
  }
}

function boundAnswers(muxer: Muxer, link: MessageStream): void {
  const sendFrame = muxer.sendFrame.bind(muxer)
  let waiting = 0
  link.addEventListener('drain', () => (waiting = 0))
  muxer.sendFrame = (...args) => {
    if (!link.writableNeedsDrain || ++waiting <= MOST_WAITING) return sendFrame(...args)
    link.abort(new NetError('net.limit', { what: 'frames-waiting', limit: MOST_WAITING }))
    return false
  }
}

function sparing(stream: MadeStream): MadeStream {
  const update = stream.sendWindowUpdate.bind(stream)
  // The first one opens the stream, or says that it is open.
  let begun = false
  stream.sendWindowUpdate = () => {
    const taken = stream.recvWindow - stream.recvWindowCapacity
    if (begun && taken * 2 < stream.recvWindow) return
    begun = true
    update()
  }
  return stream
}
