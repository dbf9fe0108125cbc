import { concat } from '../core/bytes.ts'
import type { Clock } from '../core/clock.ts'
import { createPieces } from '../core/pieces.ts'
import { PdsError } from './errors.ts'
import type { Timers } from '../core/timers.ts'

/** What guards the bytes of one answer while they arrive. */
export interface BodyGuard {
  readonly host: string
  readonly timers: Timers
  readonly clock: Clock
  /** ms of waiting for the server without progress after which the answer counts as stalled */
  readonly idleMs: number
  /** ms for the whole body; undefined for one that may take as long as it moves */
  readonly totalMs: number | undefined
  /** bytes after which the answer is refused */
  readonly maxBytes: number
  /** aborting ends the stream with `pds.cancelled` */
  readonly signal: AbortSignal | undefined
}

/**
 * This many bytes count as progress. A server that sends less within `idleMs` of our waiting is
 * stalling, however often it sends a byte.
 */
const PROGRESS_BYTES = 1024

/**
 * Wraps an answer's body so that a reader sees only typed errors: `pds.stalled`, `pds.timeout` (past
 * `totalMs`), `pds.too-large`, `pds.cancelled`, and `pds.network { bytes }` when the connection breaks.
 * The idle clock runs only while a read is pending, so a slow consumer is not blamed on the server.
 * Nothing is read ahead of the consumer: flow control reaches down to the socket.
 */
export function guardBody(
  source: ReadableStream<Uint8Array> | null,
  guard: BodyGuard,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { host, idleMs, totalMs, maxBytes, signal } = guard
  const reader = source?.getReader()
  const stop = Promise.withResolvers<never>()
  // between two reads nobody listens; the next read sees the rejection
  stop.promise.catch(() => {})
  const onAbort = (): void => stop.reject(new PdsError('pds.cancelled', {}, { cause: signal?.reason }))
  let received = 0
  let progressAt = 0
  let waited = 0
  let ended = false
  const clearTotal =
    totalMs === undefined
      ? undefined
      : guard.timers.after(totalMs, () => stop.reject(new PdsError('pds.timeout', { host, ms: totalMs })))
  if (signal?.aborted === true) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })

  const end = (early: boolean): void => {
    if (ended) return
    ended = true
    clearTotal?.()
    signal?.removeEventListener('abort', onAbort)
    if (!early) return
    // gives up the connection; the source may be broken already, and its reader is told the reason
    reader?.cancel().catch(() => {})
  }

  const read = async (): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    const began = guard.clock.now()
    const clear = guard.timers.after(Math.max(0, idleMs - waited), () => {
      stop.reject(new PdsError('pds.stalled', { host, ms: idleMs, bytes: received }))
    })
    try {
      const result = await Promise.race([
        stop.promise,
        reader?.read() ?? { done: true as const, value: undefined },
      ])
      if (result.done) return undefined
      received += result.value.byteLength
      waited += Math.max(0, guard.clock.now() - began)
      if (received - progressAt >= PROGRESS_BYTES) {
        progressAt = received
        waited = 0
      }
      // the body of a fetch is never backed by shared memory
      return result.value as Uint8Array<ArrayBuffer>
    } catch (cause) {
      if (cause instanceof PdsError) throw cause
      throw new PdsError('pds.network', { host, retriable: true, bytes: received }, { cause })
    } finally {
      clear()
    }
  }

  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        try {
          const chunk = await read()
          if (chunk === undefined) {
            end(false)
            controller.close()
            return
          }
          if (received > maxBytes) throw new PdsError('pds.too-large', { host, limit: maxBytes })
          controller.enqueue(chunk)
        } catch (error) {
          end(true)
          controller.error(error)
        }
      },
      cancel: () => end(true),
    },
    { highWaterMark: 0 },
  )
}

/** Reads a whole guarded body, handing on each chunk as it comes. */
export async function eachChunk(
  body: ReadableStream<Uint8Array>,
  onChunk: (chunk: Uint8Array) => void,
): Promise<void> {
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    onChunk(value)
  }
}

/** Reads a whole guarded body into memory, where it is twice for a moment: for what is small. */
export async function collect(body: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = createPieces(new Uint8Array())
  await eachChunk(body, (chunk) => pieces.add(chunk))
  return concat([pieces.join()])
}
