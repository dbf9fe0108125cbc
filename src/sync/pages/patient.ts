import { hasCode } from '../../core/errors.ts'
import { NetError } from '../../net/errors.ts'
import type { ByteStream } from '../../net/net.ts'
import { PIECE } from '../../net/piece.ts'
import type { Timers } from '../../core/timers.ts'
import { createPatience } from '../repo-sync/patience.ts'

/** Bytes that must move within the time: a stream that is kept alive by a byte now and then is idle. */
const LEAST = PIECE

export interface PatientStream extends ByteStream {
  /** A message begins: the time for it runs from its first wait. */
  begin(): void
  /** Nothing more is waited for. */
  release(): void
}

/**
 * A stream that ends with `net.timeout` when the other side lets it wait for longer than `ms`, for a message,
 * for the next `PIECE` of a longer one, or for room to write as much. `onWritten` hears of each such part.
 */
export function patient(
  stream: ByteStream,
  timers: Timers,
  ms: number,
  onWritten: (bytes: number) => void = () => {},
): PatientStream {
  const onIdle = (waited: number): NetError => new NetError('net.timeout', { peer: stream.peer, ms: waited })
  const watch = () => createPatience({ timers, firstMs: ms, idleMs: ms, least: LEAST, onIdle })
  let reading = watch()
  let writing = watch()
  const orAbort = async <T>(step: Promise<T>): Promise<T> => {
    try {
      return await step
    } catch (error) {
      if (error instanceof NetError && error.code === 'net.timeout') stream.abort(error)
      throw error
    }
  }
  return {
    protocol: stream.protocol,
    peer: stream.peer,
    path: stream.path,
    begin() {
      reading.end()
      reading = watch()
    },
    read: () => orAbort(reading.during(stream.read(), (chunk) => chunk?.length ?? 0)),
    async write(bytes) {
      for (let at = 0; at < bytes.length; at += PIECE) {
        const part = bytes.subarray(at, at + PIECE)
        await orAbort(writing.during(stream.write(part), () => part.length))
        onWritten(part.length)
      }
      writing.end()
      writing = watch()
    },
    closeWrite: () => stream.closeWrite(),
    abort: (error) => stream.abort(error),
    release() {
      reading.end()
      writing.end()
    },
  }
}

/** For reading a next request: a peer that has what it wanted breaks off between two. Throws any other error. */
export function isOver(error: unknown): undefined {
  if (!hasCode(error, 'net.reset')) throw error
}
