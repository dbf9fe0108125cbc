import type { Stream } from '@libp2p/interface'
import { concat } from '../../core/bytes.ts'
import type { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'
import type { ByteStream, Path } from '../net.ts'
import { LARGEST_PIECE } from '../piece.ts'
import { toNetError } from './net-error.ts'

/**
 * Unread bytes at which the stream is paused. With yamux the other side may then still send what is left of
 * its window (`MAX_WINDOW` of `transport.ts`), which libp2p holds for us (up to 4 MiB before it resets the stream), and
 * no more: a paused stream sends no window updates. A data channel has no window and ignores the pause: its
 * sender is stopped only by the credit of `flow.ts`, without which 4 MiB unread reset the stream.
 */
const PAUSE_AT = 256 * 1024

/** Unread chunks before they become one: each takes some hundred bytes beside its own. */
const MOST_CHUNKS = 256

/** Unread bytes below which more is asked for. */
const RESUME_BELOW = 128 * 1024

export interface StreamFacts {
  readonly peer: string
  readonly path: Path
  readonly protocol: string
  /** told of bytes as they pass */
  readonly onReceived?: (bytes: number) => void
  readonly onSent?: (bytes: number) => void
  /** told once, when neither direction is open any more */
  readonly onClose?: () => void
}

/**
 * A libp2p stream as a {@link ByteStream}. To be called in the same turn in which libp2p hands the stream
 * out: until then what comes is buffered without a limit to whoever sends it but the 4 MiB of libp2p.
 *
 * Waiting for room listens to `drain` itself: `onDrain()` of @libp2p/utils 7 keeps the promise of the first
 * time and resolves at once from then on.
 */
export function createByteStream(stream: Stream, facts: StreamFacts): ByteStream {
  const { peer } = facts
  const chunks: Uint8Array[] = []
  let unread = 0
  // It may be over before it is handed out: libp2p looks into its peer store in between.
  let over = stream.status !== 'open'
  let ended = !over && stream.remoteWriteStatus === 'closed'
  let closing = false
  let resuming = false
  let failure: CairnError | undefined = over ? new NetError('net.reset', { peer }) : undefined
  let change = Promise.withResolvers<void>()
  let lane: Promise<void> = Promise.resolve()

  const changed = (): void => {
    change.resolve()
    change = Promise.withResolvers()
  }
  const fail = (error: CairnError): void => {
    failure ??= error
    if (!ended) chunks.length = 0
    changed()
  }

  stream.addEventListener('message', ({ data }) => {
    // One array for what may be a list of many; a list of one is not copied.
    const bytes = data.subarray()
    if (chunks.length >= MOST_CHUNKS) chunks.splice(0, chunks.length, concat(chunks))
    chunks.push(bytes)
    unread += bytes.length
    facts.onReceived?.(bytes.length)
    if (!resuming) pauseWhenFull()
    changed()
  })
  stream.addEventListener('remoteCloseWrite', () => {
    ended = true
    changed()
  })
  stream.addEventListener('drain', changed)
  stream.addEventListener('close', (event) => {
    over = true
    if (event.error !== undefined) fail(toNetError(event.error, facts))
    // The connection went away in good order, though the other side had not said that it is done.
    else if (!ended) fail(new NetError('net.reset', { peer }))
    changed()
    facts.onClose?.()
  })

  const pauseWhenFull = (): void => {
    if (unread >= PAUSE_AT && stream.readStatus === 'readable') stream.pause()
  }
  /**
   * Lets more come: first what libp2p holds, then what the other side may send. A pause in the midst of that
   * would be undone by its second half, which makes yamux send window updates again: the stream would look
   * paused, grow past what libp2p holds, and be reset. So it waits until all of it is done.
   */
  const resume = (): void => {
    if (stream.readStatus !== 'paused') return
    resuming = true
    try {
      stream.resume()
    } catch {
      // What was held has been handed over; only the window update had no connection to go to any more.
    }
    resuming = false
    pauseWhenFull()
  }

  const read = async (): Promise<Uint8Array | undefined> => {
    for (;;) {
      const chunk = chunks.shift()
      if (chunk !== undefined) {
        unread -= chunk.length
        if (unread < RESUME_BELOW) resume()
        return chunk
      }
      // A reset after the end takes nothing back: all that was said has come.
      if (failure !== undefined && !ended) throw failure
      resume()
      if (chunks.length > 0) continue
      if (ended && stream.readBufferLength === 0) return undefined
      if (failure !== undefined) throw failure
      await change.promise
    }
  }

  const room = async (): Promise<void> => {
    while (failure === undefined && !over && stream.writableNeedsDrain) await change.promise
    if (failure !== undefined) throw failure
  }
  const send = async (bytes: Uint8Array, given: boolean): Promise<void> => {
    for (let at = 0; at < bytes.length; at += LARGEST_PIECE) {
      await room()
      // libp2p keeps what it cannot send yet, and the caller may go on to use its array: then it gets a copy.
      const piece = given ? bytes.subarray(at, at + LARGEST_PIECE) : bytes.slice(at, at + LARGEST_PIECE)
      try {
        stream.send(piece)
      } catch (error) {
        throw failure ?? toNetError(error, facts)
      }
      facts.onSent?.(piece.length)
    }
    await room()
  }
  /** One write after another, whatever became of the one before. */
  const inTurn = (run: () => Promise<void>): Promise<void> => {
    const mine = lane.then(run)
    lane = mine.catch(() => undefined)
    return mine
  }

  const put = (bytes: Uint8Array, given: boolean): Promise<void> => {
    if (closing) return Promise.reject(failure ?? new NetError('net.closed'))
    return inTurn(() => send(bytes, given))
  }

  if (over) facts.onClose?.()
  return {
    protocol: facts.protocol,
    peer,
    path: facts.path,
    read,
    write: (bytes) => put(bytes, false),
    give: (bytes) => put(bytes, true),
    closeWrite() {
      if (closing) return lane
      closing = true
      return inTurn(async () => {
        if (over) return
        try {
          await stream.close()
        } catch (error) {
          // Nobody can be told any more: it ended while we were ending it.
          if (failure === undefined && !over) throw toNetError(error, facts)
        }
      })
    },
    abort(error) {
      if (over) return
      const reason = error ?? new NetError('net.closed')
      ended = false
      fail(reason)
      stream.abort(reason)
    },
  }
}
