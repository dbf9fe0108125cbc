import { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'

/** Names of libp2p's errors that say: this connection or stream is over, another may work. */
const BROKEN: ReadonlySet<string> = new Set([
  'ConnectionClosedError',
  'ConnectionClosingError',
  'MuxerClosedError',
  'MuxerUnavailableError',
  'StreamClosedError',
  'StreamResetError',
  'StreamStateError',
  'StreamAbortedError',
  'UnexpectedEOFError',
])

const UNSUPPORTED: ReadonlySet<string> = new Set(['UnsupportedProtocolError'])

const LIMITS: ReadonlySet<string> = new Set([
  'StreamBufferError',
  'TooManyOutboundProtocolStreamsError',
  'TooManyInboundProtocolStreamsError',
])

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '')

/** True when the stream or connection ended under us, so that a second try elsewhere makes sense. */
export const isBroken = (error: unknown): boolean => BROKEN.has(nameOf(error))

/** True when only this stream was broken off; its connection may be well. */
export const isReset = (error: unknown): boolean => /^Stream|^UnexpectedEOF/.test(nameOf(error))

/** True when the other side was reached and does not speak the protocol. */
export const isUnsupported = (error: unknown): boolean => UNSUPPORTED.has(nameOf(error))

/**
 * What libp2p threw while a stream was open or being opened, as an error of ours. Errors of ours pass as they
 * are; `signal` tells a cancelled call from a deadline of libp2p's own.
 */
export function toNetError(
  error: unknown,
  about: { readonly peer: string; readonly protocol?: string },
  signal?: AbortSignal,
): CairnError {
  if (error instanceof CairnError) return error
  const cause = { cause: error }
  const { peer } = about
  if (signal?.aborted === true) return new NetError('net.cancelled', {}, cause)
  if (isUnsupported(error))
    return new NetError('net.unsupported', { peer, protocol: about.protocol ?? '' }, cause)
  if (LIMITS.has(nameOf(error)))
    return new NetError('net.limit', { what: nameOf(error), limit: 'stream' }, cause)
  return new NetError('net.reset', { peer }, cause)
}
