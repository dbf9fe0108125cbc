import { concat } from '../../core/bytes.ts'
import { varintLength, writeVarint } from '../../core/varint.ts'
import { NetError } from '../errors.ts'
import { encodeMessage } from '../messages.ts'
import type { ByteStream } from '../net.ts'

/** Messages on their way out of one stream, in order. What gathers while one write waits leaves in the next. */
export interface Outbox {
  /** Queues a message. Over `limit` unsent bytes the stream is cut: its reader is too slow. */
  send(message: unknown): void
}

export function createOutbox(stream: ByteStream, limit: number): Outbox {
  let waiting: Uint8Array[] = []
  let bytes = 0
  let writing = false
  let over = false
  const end = (error: NetError): void => {
    over = true
    waiting = []
    stream.abort(error)
  }
  const pump = async (): Promise<void> => {
    writing = true
    try {
      while (waiting.length > 0) {
        const batch = waiting
        waiting = []
        bytes = 0
        await stream.write(concat(batch))
      }
    } catch (error) {
      end(error instanceof NetError ? error : new NetError('net.reset', { peer: stream.peer }))
    } finally {
      writing = false
    }
  }
  return {
    send(message) {
      if (over) return
      const body = encodeMessage(message)
      const head = new Uint8Array(varintLength(body.length))
      writeVarint(head, 0, body.length)
      waiting.push(head, body)
      bytes += head.length + body.length
      if (bytes > limit) end(new NetError('net.limit', { what: 'unread-bytes', limit }))
      // Never rejects: a failed write ends the stream.
      else if (!writing) void pump()
    },
  }
}
