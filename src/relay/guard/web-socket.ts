import { WebSocket } from 'ws'
import { NetError } from '../../net/errors.ts'
import type { AddressGuard } from './addresses.ts'

/** Bytes of one message that is taken in: far above what peers or a firehose send (5 MB). */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024

/**
 * Starts a WebSocket that reaches public addresses only, checked after the name was resolved. Node's own
 * WebSocket cannot be given a resolver. No redirect is followed.
 *
 * Throws `net.address-refused` for a host that is refused as written; one whose name leads to a refused
 * address ends in an `error` event with it.
 */
export function openWebSocket(guard: AddressGuard, input: string | URL): WebSocket {
  const url = new URL(input)
  if (url.protocol !== 'wss:' && url.protocol !== 'ws:') throw refused(url, 'scheme')
  const reason = guard.refusal(url.hostname)
  if (reason !== undefined) throw refused(url, reason)
  return new WebSocket(url, {
    lookup: guard.lookup,
    followRedirects: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  })
}

const refused = (url: URL, reason: string): NetError =>
  new NetError('net.address-refused', { address: url.host, reason })
