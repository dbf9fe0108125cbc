import type { MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { yamux, type YamuxMuxerInit } from '@libp2p/yamux'

/** What is used of @libp2p/yamux beyond its interface. */
interface MadeStream {
  /** bytes that the other side may send before it must wait, at most and now */
  recvWindow: number
  recvWindowCapacity: number
  sendWindowUpdate(): void
}
interface Muxer {
  _newStream(...args: readonly unknown[]): MadeStream
}

/**
 * yamux that gives bytes back to a sender in halves of a window, as its specification has it ("window updates")
 * and other implementations do. @libp2p/yamux answers every frame with an update of its own. Each of those is
 * one more sealed message, and over a circuit it is answered in turn: eight messages for every piece of data
 * where two and a little are enough.
 *
 * A sender never waits for an update that does not come: it waits only when it has used the whole window, and
 * by then half of it has come back.
 */
export function sparingYamux(init: YamuxMuxerInit): () => StreamMuxerFactory {
  const create = yamux(init)
  return () => {
    const factory = create()
    const createStreamMuxer = factory.createStreamMuxer.bind(factory)
    return Object.assign(factory, {
      createStreamMuxer(link: MessageStream) {
        const muxer = createStreamMuxer(link)
        // The method that makes every stream of either side; its type keeps it to itself.
        const inner = muxer as unknown as Muxer
        const newStream = inner._newStream.bind(muxer)
        inner._newStream = (...args) => sparing(newStream(...args))
        return muxer
      },
    })
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
