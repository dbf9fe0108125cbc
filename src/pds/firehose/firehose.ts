import { CairnError } from '../../core/errors.ts'
import { type Clock, leftOf } from '../../core/clock.ts'
import { checkUrl } from '../addresses.ts'
import type { Timers } from '../../core/timers.ts'
import { FirehoseError } from './errors.ts'
import { decodeFrame, type FirehoseEvent } from './frame.ts'
import type { OpenSocket, Socket, SocketEvents } from './socket.ts'

/** First and longest pause before the next try, ms. */
const FIRST_DELAY = 1000
const MAX_DELAY = 60_000
/** Even a small server says something in this time; a connection that died quietly is found by it, ms. */
const SILENCE = 10 * 60_000
/** Frames that wait before the network is asked to pause, and when it may go on. */
const MANY = 64
const FEW = 16
/** What waits where the network cannot pause, before the connection is given up, bytes. */
const MAX_WAITING = 32 << 20
/** Frames in a row that cannot be read before a server is left alone for a while. */
const MAX_MALFORMED = 20

/** Events may have been missed: whoever wants them all asks each repo. */
export interface Gap {
  /**
   * `sequence`: numbers were left out; `outdated`: the server no longer has what came after the cursor;
   * `future`: the cursor is ahead of the server, which began anew; `malformed`: a frame could not be read;
   * `busy`: there was more to come from the cursor on than is listened to
   */
  readonly reason: 'sequence' | 'outdated' | 'future' | 'malformed' | 'busy'
  /** the last number before it, and the first after; as far as they are known */
  readonly from: number | undefined
  readonly to: number | undefined
}

export interface FirehoseState {
  readonly state: 'connecting' | 'open' | 'waiting' | 'closed'
  readonly nextTryAt: number | undefined
  readonly error: CairnError | undefined
}

/** How much a server may say: so many bytes at once, and a second. */
export interface Allowance {
  readonly burst: number
  readonly perSecond: number
}

export interface FirehoseOptions {
  /** origin of the server */
  readonly service: string
  /** `seq` of the last event that was handled; undefined: from now on */
  readonly cursor: number | undefined
  /** allow http: and private addresses */
  readonly allowLocal: boolean
  readonly open: OpenSocket
  readonly timers: Timers
  readonly clock: Clock
  /** uniform in [0, 1) */
  readonly random: () => number
  readonly wanted?: (did: string) => boolean
  /**
   * Above it the connection ends. If it had gone on from a cursor, a new one begins with what comes from then on;
   * else the server is followed no longer: state `closed`, with `firehose.busy`.
   */
  readonly allowance?: Allowance
  /** Told of events one after another, each when the one before was handled. Must not reject. */
  readonly onEvent: (event: FirehoseEvent) => void | Promise<void>
  readonly onGap: (gap: Gap) => void
  readonly onState?: (state: FirehoseState) => void
}

export interface Firehose {
  /** `seq` of the last event that was handled */
  readonly cursor: number | undefined
  /** Tries at once, if it waits for the next try: the network is back. */
  wake(): void
  close(): void
}

/**
 * Follows `com.atproto.sync.subscribeRepos` of one server: events in order, from the cursor on, over as many
 * connections as it takes. A connection that breaks is made again with a growing, random pause, which starts
 * over once an event came. What is said is a hint; nothing in it is proven.
 *
 * @throws PdsError `pds.address-refused` for a service that may not be asked. What `open` throws is a connection
 * that failed: it is tried again.
 */
export function followFirehose(options: FirehoseOptions): Firehose {
  const { timers, clock, onGap, onState = () => {} } = options
  const base = checkUrl(options.service, options.allowLocal)
  let cursor = options.cursor
  let failures = 0
  let closed = false
  let cancel = (): void => {}

  const connect = (): void => {
    isWaiting = false
    onState({ state: 'connecting', nextTryAt: undefined, error: undefined })
    const url = new URL('/xrpc/com.atproto.sync.subscribeRepos', base)
    url.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:'
    if (cursor !== undefined) url.searchParams.set('cursor', String(cursor))
    const queue: Uint8Array[] = []
    let waiting = 0
    let paused = false
    let busy = false
    let malformed = 0
    let over = false
    let heardAt = clock.now()
    const resumed = cursor !== undefined
    const meter = createMeter(options.allowance, heardAt)
    const held: { socket?: Socket } = {}

    const end = (error: FirehoseError, then = retry): void => {
      if (over) return
      over = true
      queue.length = 0
      held.socket?.close()
      cancel()
      then(error)
    }

    const tooBusy = (): void => {
      const error = new FirehoseError('firehose.busy', { ...options.allowance })
      if (resumed) onGap({ reason: 'busy', from: cursor, to: undefined })
      cursor = undefined
      if (resumed) return end(error)
      end(error, finish)
    }

    const watch = (): void => {
      // A clock that was set back would have it wait for as long, and longer than a timer can.
      const left = leftOf(SILENCE, heardAt, clock.now())
      if (left === 0) return end(new FirehoseError('firehose.silent', { ms: SILENCE }))
      cancel = timers.after(left, watch)
    }

    const handle = async (bytes: Uint8Array): Promise<void> => {
      let event: FirehoseEvent
      try {
        event = decodeFrame(bytes, options.wanted)
      } catch (error) {
        if (!(error instanceof FirehoseError)) throw error
        onGap({ reason: 'malformed', from: cursor, to: undefined })
        if (++malformed >= MAX_MALFORMED) end(error)
        return
      }
      malformed = 0
      if (event.kind === 'error') return refused(event)
      failures = 0
      if (event.kind === 'info') {
        if (event.name === 'OutdatedCursor') onGap({ reason: 'outdated', from: cursor, to: undefined })
        return options.onEvent(event)
      }
      const { seq } = event
      if (seq === undefined) return
      // A server may send again what it is not sure to have sent.
      if (cursor !== undefined && seq <= cursor) return
      if (cursor !== undefined && seq > cursor + 1) onGap({ reason: 'sequence', from: cursor, to: seq })
      if (event.kind !== 'other') await options.onEvent(event)
      if (!over) cursor = seq
    }

    const refused = ({ error, message }: { error: string; message: string | undefined }): void => {
      if (error === 'FutureCursor') {
        onGap({ reason: 'future', from: cursor, to: undefined })
        cursor = undefined
      }
      end(new FirehoseError('firehose.refused', { error, message }))
    }

    const drain = async (): Promise<void> => {
      if (busy) return
      busy = true
      for (let bytes = queue.shift(); bytes !== undefined && !over; bytes = queue.shift()) {
        waiting -= bytes.length
        if (paused && queue.length < FEW) {
          paused = false
          held.socket?.resume()
        }
        await handle(bytes)
      }
      busy = false
    }

    const events: SocketEvents = {
      onOpen() {
        if (!over) onState({ state: 'open', nextTryAt: undefined, error: undefined })
      },
      onMessage(bytes) {
        if (over) return
        heardAt = clock.now()
        if (bytes === undefined) return end(new FirehoseError('firehose.malformed', { reason: 'text' }))
        if (meter(bytes.length, heardAt)) return tooBusy()
        queue.push(bytes)
        waiting += bytes.length
        if (waiting > MAX_WAITING) return end(new FirehoseError('firehose.overrun', { bytes: waiting }))
        if (queue.length > MANY && !paused) {
          paused = true
          held.socket?.pause()
        }
        // Handlers must not reject, and what a frame can throw is caught.
        void drain()
      },
      onClose: (reason) => end(new FirehoseError('firehose.closed', { reason })),
    }
    stop = () => {
      over = true
      queue.length = 0
      held.socket?.close()
    }
    watch()
    try {
      held.socket = options.open(url.href, events)
    } catch (error) {
      // An address that this host refuses: refused today, it may lead elsewhere tomorrow.
      const reason = error instanceof CairnError ? error.code : String(error)
      return end(new FirehoseError('firehose.closed', { reason }, { cause: error }))
    }
    // It may have ended while it was opened.
    if (over) held.socket.close()
  }
  let stop = (): void => {}
  let isWaiting = false

  const finish = (error?: FirehoseError): void => {
    if (closed) return
    closed = true
    cancel()
    stop()
    onState({ state: 'closed', nextTryAt: undefined, error })
  }

  const retry = (error: FirehoseError): void => {
    if (closed) return
    const ceiling = Math.min(MAX_DELAY, FIRST_DELAY * 2 ** Math.min(failures++, 16))
    const ms = Math.round(ceiling * (0.5 + options.random() / 2))
    onState({ state: 'waiting', nextTryAt: clock.now() + ms, error })
    isWaiting = true
    cancel = timers.after(ms, connect)
  }

  connect()
  return {
    get cursor() {
      return cursor
    },
    wake() {
      if (!isWaiting || closed) return
      cancel()
      connect()
    },
    close: () => finish(),
  }
}

/** Counts bytes; true once they are more than allowed. What is not used adds up, as far as a burst. */
function createMeter(
  allowance: Allowance | undefined,
  start: number,
): (bytes: number, now: number) => boolean {
  if (allowance === undefined) return () => false
  const { burst, perSecond } = allowance
  let left = burst
  let at = start
  return (bytes, now) => {
    left = Math.min(burst, left + (Math.max(0, now - at) / 1000) * perSecond) - bytes
    at = now
    return left < 0
  }
}
