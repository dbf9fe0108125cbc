import { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'
import type { ByteStream, StreamHandler } from '../net.ts'
import type { Timers } from '../../core/timers.ts'

/** What may still come after a handler is done with a stream, in bytes and ms, before it is broken off. */
const LEFT_BYTES = 1024 * 1024
const LEFT_MS = 30_000

/**
 * Serves one incoming stream to its end: a rejection aborts it; a return closes our side, and what still
 * comes is thrown away for a while, so that a peer that reads our answer before it ends its own side is not
 * cut off. Never rejects.
 */
export async function finish(stream: ByteStream, handler: StreamHandler, timers: Timers): Promise<void> {
  try {
    await handler(stream)
    await stream.closeWrite()
  } catch (error) {
    stream.abort(
      error instanceof CairnError
        ? error
        : new NetError('net.reset', { peer: stream.peer }, { cause: error }),
    )
    return
  }
  const cancel = timers.after(LEFT_MS, () => stream.abort())
  try {
    for (let left = LEFT_BYTES; left > 0;) {
      const chunk = await stream.read()
      if (chunk === undefined) return
      left -= chunk.length
    }
    stream.abort()
  } catch {
    // It broke off after we were done with it.
  } finally {
    cancel()
  }
}
