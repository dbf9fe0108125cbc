import type { Clock } from '../../core/clock.ts'
import type { Timers } from '../../core/timers.ts'
import { NetError } from '../../net/errors.ts'
import { createFrameReader, writeFrame } from '../../net/frames.ts'
import { type Certificate, MAX_CERTIFICATE_BYTES, verifyCertificate } from '../../net/identity/certificate.ts'
import type { ByteStream, Net, StreamHandler } from '../../net/net.ts'
import { within } from '../challenge/deadline.ts'
import { createSlots } from '../repo-sync/slots.ts'

/**
 * `/cairn/device/1.0.0`: which device are you? Frames behind their length:
 * ```
 * asks     an empty frame, or nothing; then this half of the stream ends
 * answers  one frame, the certificate of the peer that answers; nothing for those who may not know
 * ```
 */
export const DEVICE_PROTOCOL = '/cairn/device/1.0.0'

/** Answers at once, to one peer and in all: each costs one small frame. */
const PER_PEER = 2
const IN_ALL = 32
/** How long one exchange may take, ms: the other side may have to learn first what it shares with us. */
const PATIENCE = 15_000

/**
 * Answers with the certificate. The handler rejects with `net.too-large` or `net.malformed` (a question that
 * says something), `net.limit`, `net.timeout`, `net.reset`.
 */
export function serveDevice(options: {
  readonly timers: Timers
  /** undefined when this device has none to show */
  readonly certificate: () => Promise<Uint8Array | undefined>
  /** Whether this peer may know; the signal aborts when it has waited too long. */
  readonly mayAsk: (peer: string, signal: AbortSignal) => Promise<boolean>
}): StreamHandler {
  const { timers, certificate, mayAsk } = options
  const slots = createSlots({ perPeer: PER_PEER, inAll: IN_ALL })

  const answer = async (stream: ByteStream, signal: AbortSignal): Promise<void> => {
    await createFrameReader(stream).read(0)
    if (!(await mayAsk(stream.peer, signal))) return
    const bytes = await certificate()
    if (bytes !== undefined) await writeFrame(stream, bytes)
  }

  return async (stream) => {
    const { peer } = stream
    const leave = slots.take(peer)
    if (leave === undefined) throw new NetError('net.limit', { what: 'streams', limit: PER_PEER })
    const over = new AbortController()
    try {
      const onLate = (): NetError => new NetError('net.timeout', { peer, ms: PATIENCE })
      await within(timers, PATIENCE, { onLate }, () => answer(stream, over.signal))
    } finally {
      over.abort()
      leave()
    }
  }
}

/**
 * Asks a peer which device it belongs to, over the connection that there is, and proves the answer.
 *
 * @throws NetError `net.unsupported`, `net.refused` (reason `no-certificate`), `net.record-invalid` (a
 *   certificate that proves nothing: see `verifyCertificate`), `net.too-large`, `net.malformed`,
 *   `net.timeout`, `net.cancelled`, `net.reset`, and what a dial throws
 */
export async function askDevice(
  net: Net,
  host: { readonly timers: Timers; readonly clock: Clock },
  options: { readonly peer: string; readonly signal: AbortSignal },
): Promise<Certificate> {
  const { peer, signal } = options
  const over = new AbortController()
  const onLate = (): NetError => new NetError('net.timeout', { peer, ms: PATIENCE })
  const onAbort = (): NetError => new NetError('net.cancelled')
  const exchange = async (): Promise<Uint8Array> => {
    const stream = await net.open(peer, DEVICE_PROTOCOL, { signal: over.signal })
    try {
      over.signal.addEventListener('abort', () => stream.abort())
      // It came after the time was up: nobody waits for it.
      if (over.signal.aborted) throw new NetError('net.cancelled')
      await writeFrame(stream, new Uint8Array())
      await stream.closeWrite()
      const answer = await createFrameReader(stream).read(MAX_CERTIFICATE_BYTES)
      if (answer === undefined) throw new NetError('net.refused', { peer, reason: 'no-certificate' })
      return answer
    } finally {
      // One frame was wanted; whatever else it would say is not.
      stream.abort()
    }
  }
  try {
    const bytes = await within(host.timers, PATIENCE, { onLate, onAbort, signal }, exchange)
    return await verifyCertificate(bytes, { peer, now: host.clock.now() })
  } finally {
    over.abort()
  }
}
