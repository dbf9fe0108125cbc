import { concat } from '../../core/bytes.ts'
import { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'
import type { ByteStream } from '../net.ts'
import { decodeEnvelope, encodeEnvelope } from './envelope.ts'
import { EventError } from './errors.ts'
import { createLengthReader, lengthFramed } from './length-frames.ts'
import { type ChannelLimits, CHANNEL_LIMITS, type ChannelOptions, type Envelope } from './model.ts'

/** Frames are written together up to here, so that a burst of small ones is not a packet each. */
const BATCH = 32 * 1024
/** ms that a closing side gives what still waits, and the other side to end too */
const CLOSING = 5000

const PING = '__ping'
const PONG = '__pong'

/** One stream of envelopes to one peer, kept alive, with a bounded queue of what it has not read. */
export interface Link {
  readonly peer: string
  readonly limits: ChannelLimits
  /** bytes that the other side has not taken yet */
  readonly waiting: number
  /**
   * Queues an envelope; false when the link is over, or is now: a peer that lets more than the queue's limit
   * wait is cut off with `events.slow-reader`.
   *
   * @throws EventError `events.payload`, `events.too-large`
   */
  send(envelope: Envelope): boolean
  /** The same for a frame that `frameOf` made; one frame serves many links. */
  sendFrame(frame: Uint8Array): boolean
  frameOf(envelope: Envelope): Uint8Array
  /** Cuts it off. */
  abort(error: CairnError): void
  /** Sends what waits, then ends; cuts off a peer that takes too long over it. */
  close(): Promise<void>
  /** Resolves when it is over, with what broke it; undefined when a side ended it in order. */
  readonly ended: Promise<CairnError | undefined>
}

/** Who is told what comes over a link. */
export interface Receiver {
  /** Called once, before the first envelope: what is sent here goes first. */
  started?(): void
  /** The next frame is read when this has ended. A rejection cuts the link off. */
  envelope(envelope: Envelope): void | Promise<void>
  /** Called once, after the last envelope. */
  ended(error: CairnError | undefined): void
}

/** Reads until the end; `attach` says who is told. */
export function createLink(
  stream: ByteStream,
  { host, form = 'id', limits: changed }: ChannelOptions,
  attach: (link: Link) => Receiver,
): Link {
  const limits = { ...CHANNEL_LIMITS, ...changed }
  const { peer } = stream
  const read = createLengthReader(stream, limits.frame)
  const over = Promise.withResolvers<CairnError | undefined>()
  /** everything was written, or never will be */
  const drained = Promise.withResolvers<void>()
  const queue: Uint8Array[] = []
  let queued = 0
  let writing = false
  /** nothing more is taken for sending */
  let closing = false
  let isOver = false
  let cancelTimer = (): void => {}

  const settle = (error: CairnError | undefined): void => {
    if (isOver) return
    isOver = true
    cancelTimer()
    queue.length = 0
    if (error !== undefined) stream.abort(error)
    receiver.ended(error)
    drained.resolve()
    over.resolve(error)
  }
  const broke = (error: unknown): void =>
    settle(error instanceof CairnError ? error : new NetError('net.reset', { peer }, { cause: error }))

  const write = async (): Promise<void> => {
    writing = true
    try {
      while (queue.length > 0) {
        let bytes = 0
        let count = 0
        while (count < queue.length && (count === 0 || bytes + (queue[count]?.length ?? 0) <= BATCH))
          bytes += queue[count++]?.length ?? 0
        const batch = concat(queue.slice(0, count))
        await stream.write(batch)
        if (isOver) return
        queue.splice(0, count)
        queued -= bytes
      }
      if (closing) {
        await stream.closeWrite()
        drained.resolve()
      }
    } catch (error) {
      broke(error)
    } finally {
      writing = false
    }
  }

  const listen = async (): Promise<void> => {
    try {
      for (;;) {
        const frame = await read()
        if (isOver) return
        if (frame === undefined) break
        watch()
        const envelope = decodeEnvelope(frame, peer)
        if (envelope.type === PING) send({ type: PONG, id: '', payload: {} })
        else if (envelope.type !== PONG) await receiver.envelope(envelope)
      }
      // The other side is done; what waits here still goes out.
      startClosing()
      await drained.promise
      settle(undefined)
    } catch (error) {
      broke(error)
    }
  }

  /** After a silence the other side is asked for a sign of life, and has a while to give it. */
  const watch = (): void => {
    cancelTimer()
    if (closing || isOver) return
    cancelTimer = host.timers.after(limits.idleMs, () => {
      cancelTimer = host.timers.after(limits.answerMs, () => {
        settle(new NetError('net.timeout', { peer, ms: limits.idleMs + limits.answerMs }))
      })
      send({ type: PING, id: '', payload: {} })
    })
  }

  const startClosing = (): void => {
    if (closing || isOver) return
    closing = true
    cancelTimer()
    cancelTimer = host.timers.after(CLOSING, () => settle(new NetError('net.timeout', { peer, ms: CLOSING })))
    // Writing never rejects: whatever fails ends the link.
    if (!writing) void write()
  }
  const close = async (): Promise<void> => {
    startClosing()
    await over.promise
  }

  const frameOf = (envelope: Envelope): Uint8Array => {
    const body = encodeEnvelope(envelope, form)
    const limit = limits.frame
    if (body.length > limit)
      throw new EventError('events.too-large', { type: envelope.type, bytes: body.length, limit })
    return lengthFramed(body)
  }
  const sendFrame = (frame: Uint8Array): boolean => {
    if (isOver || closing) return false
    if (queued + frame.length > limits.queueBytes || queue.length >= limits.queueFrames) {
      settle(new EventError('events.slow-reader', { peer, queued, limit: limits.queueBytes }))
      return false
    }
    queue.push(frame)
    queued += frame.length
    if (!writing) void write()
    return true
  }
  const send = (envelope: Envelope): boolean => !isOver && sendFrame(frameOf(envelope))

  const link: Link = {
    ...{ peer, limits, send, sendFrame, frameOf, close },
    get waiting() {
      return queued
    },
    abort: settle,
    ended: over.promise,
  }
  const receiver = attach(link)
  receiver.started?.()
  watch()
  // Reading never rejects either.
  void listen()
  return link
}
