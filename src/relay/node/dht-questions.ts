import type { StreamHandler } from '@libp2p/interface'
import type { KadDHTComponents } from '@libp2p/kad-dht'
import { NetError } from '../../net/errors.ts'
import { overlay } from './overlay.ts'

/**
 * Bytes that may come on one stream of the DHT: one question, or the announcement of one relay with its addresses.
 * @libp2p/kad-dht takes 4 MiB, in which there is room for more addresses than are read in seconds.
 */
const MOST_QUESTION = 64 * 1024

/** Components for libp2p's DHT that breaks off streams on which too much comes. */
export const dhtComponents = (components: KadDHTComponents): KadDHTComponents =>
  overlay(components, {
    registrar: overlay(components.registrar, {
      handle: (protocol, handler, options) =>
        components.registrar.handle(protocol, bounded(handler), options),
    }),
  })

const bounded =
  (handler: StreamHandler): StreamHandler =>
  (stream, connection) => {
    let left = MOST_QUESTION
    stream.addEventListener('message', ({ data }) => {
      left -= data.byteLength
      if (left < 0) stream.abort(new NetError('net.limit', { what: 'dht-question', limit: MOST_QUESTION }))
    })
    return handler(stream, connection)
  }
