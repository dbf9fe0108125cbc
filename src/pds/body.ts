import { concat } from '../core/bytes.ts'
import { type ChunkReader, readChunks } from '../core/chunk-reader.ts'
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
 * Reads an answer's body so that whoever asks sees only typed errors: `pds.stalled`, `pds.timeout` (past
 * `totalMs`), `pds.too-large`, `pds.cancelled`, and `pds.network { bytes }` when the connection breaks.
 * The idle clock runs only while a read is pending, so a slow consumer is not blamed on the server.
 * Nothing is read ahead of the consumer: flow control reaches down to the socket.
 */
export function guardBody(source: ReadableStream<Uint8Array> | null, guard: BodyGuard): ChunkReader {
  const { host, idleMs, totalMs, maxBytes, signal } = guard
  const chunks = source === null ? undefined : readChunks(source)
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
    chunks?.cancel().catch(() => {})
  }

  const next = async (): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    const began = guard.clock.now()
    const clear = guard.timers.after(Math.max(0, idleMs - waited), () => {
      stop.reject(new PdsError('pds.stalled', { host, ms: idleMs, bytes: received }))
    })
    try {
      const chunk = await Promise.race([stop.promise, chunks?.read()])
      if (chunk === undefined) return undefined
      received += chunk.length
      waited += Math.max(0, guard.clock.now() - began)
      if (received - progressAt >= PROGRESS_BYTES) {
        progressAt = received
        waited = 0
      }
      return chunk
    } catch (cause) {
      if (cause instanceof PdsError) throw cause
      throw new PdsError('pds.network', { host, retriable: true, bytes: received }, { cause })
    } finally {
      clear()
    }
  }

  const read = async (): Promise<Uint8Array<ArrayBuffer> | undefined> => {
    try {
      const chunk = await next()
      if (chunk === undefined) end(false)
      if (received > maxBytes) throw new PdsError('pds.too-large', { host, limit: maxBytes })
      return chunk
    } catch (error) {
      end(true)
      // A source that was given up has come to its end: that must not look like the end of the body.
      stop.reject(error)
      throw error
    }
  }
  return { read, cancel: async () => end(true) }
}

/** Reads a whole body, handing on a copy of each chunk as it comes. */
export async function eachChunk(
  body: ChunkReader,
  onChunk: (chunk: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  for (;;) {
    const chunk = await body.read()
    if (chunk === undefined) return
    onChunk(chunk.slice())
  }
}

/** Reads a whole body into memory, where it is twice for a moment: for what is small. */
export async function collect(body: ChunkReader): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = createPieces(new Uint8Array())
  await eachChunk(body, (chunk) => pieces.add(chunk))
  return concat([pieces.join()])
}
