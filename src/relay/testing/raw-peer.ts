import { noise } from '@libp2p/noise'
import { AbstractStreamMuxer } from '@libp2p/utils'
import type { MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { webSockets } from '@libp2p/websockets'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Started } from './relays.ts'

const YAMUX = '/yamux/1.0.0'
/** Types and flags of frames (yamux specification). */
export const PING = 2
export const SYN = 1

/** The head of a frame of yamux, whose length may be a lie. */
export function frame(type: number, flags: number, stream: number, length: number): Uint8Array {
  const head = Buffer.alloc(12)
  head[1] = type
  head.writeUInt16BE(flags, 2)
  head.writeUInt32BE(stream, 4)
  head.writeUInt32BE(length, 8)
  return head
}

/** Says that it speaks yamux, and opens nothing by itself. */
class SilentMuxer extends AbstractStreamMuxer {
  onData(): void {}
  onCreateStream(): never {
    throw new Error('it opens no streams')
  }
}

/** Bytes below all that libp2p makes of them: a proven connection on which a test writes frames itself. */
export async function rawPeer(started: Started, port: number): Promise<MessageStream> {
  const { promise, resolve } = Promise.withResolvers<MessageStream>()
  const muxers: StreamMuxerFactory = {
    protocol: YAMUX,
    createStreamMuxer(link) {
      resolve(link)
      return new SilentMuxer(link, { protocol: YAMUX, name: 'raw' })
    },
  }
  const node = await createLibp2p({
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [() => muxers],
    connectionMonitor: { enabled: false },
  })
  started.onClose(() => node.stop())
  await node.dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}/ws`))
  return promise
}
