import { NetError } from '../errors.ts'
import { writeFrame } from '../frames.ts'
import { encodeMessage } from '../messages.ts'
import type { ByteStream } from '../net.ts'
import { withDeadline } from './deadline.ts'
import type { NetworkerLimits } from './limits.ts'
import type { Timers } from '../../core/timers.ts'
import type { Message } from './wire.ts'

/** What waits to be written to one peer: in order, bounded, given up when the peer does not read. */
export interface Outbox {
  /** bytes taken by the stream */
  readonly sent: number
  send(message: Message): void
  /** Takes nothing more; resolves when what waits is written and writing has ended. Never rejects. */
  end(): Promise<void>
  /** Forgets what waits. */
  stop(): void
}

export interface OutboxInput {
  readonly stream: ByteStream
  readonly timers: Timers
  readonly limits: NetworkerLimits
  /** told once, with `net.limit`, `net.timeout` or what the stream throws */
  readonly failed: (error: Error) => void
}

export function createOutbox({ stream, timers, limits, failed }: OutboxInput): Outbox {
  const waiting: Uint8Array[] = []
  const stopping = new AbortController()
  let bytes = 0
  let sent = 0
  let ended = false
  let pumping: Promise<void> | undefined

  const stop = (): void => {
    ended = true
    waiting.length = 0
    bytes = 0
    stopping.abort()
  }
  const fail = (error: unknown): void => {
    if (stopping.signal.aborted) return
    stop()
    failed(error instanceof Error ? error : new NetError('net.reset', { peer: stream.peer }))
  }
  const pump = async (): Promise<void> => {
    try {
      for (let frame = waiting[0]; frame !== undefined; frame = waiting[0]) {
        await withDeadline(timers, limits.stallMs, stopping.signal, () => writeFrame(stream, frame))
        waiting.shift()
        bytes -= frame.length
        sent += frame.length
      }
    } catch (error) {
      fail(error)
    }
    pumping = undefined
  }
  return {
    get sent() {
      return sent
    },
    send(message) {
      if (ended) return
      const frame = encodeMessage(message)
      // One frame always fits, or a limit below its size would break every link.
      if (waiting.length > 0 && bytes + frame.length > limits.queueBytes) {
        fail(new NetError('net.limit', { what: 'queue', limit: limits.queueBytes }))
        return
      }
      waiting.push(frame)
      bytes += frame.length
      pumping ??= pump()
    },
    async end() {
      ended = true
      await pumping
      if (stopping.signal.aborted) return
      await withDeadline(timers, limits.stallMs, stopping.signal, () => stream.closeWrite()).catch(fail)
    },
    stop,
  }
}
