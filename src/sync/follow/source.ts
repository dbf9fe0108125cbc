import { leftOf } from '../../core/clock.ts'
import {
  type Allowance,
  type Firehose,
  type FirehoseState,
  followFirehose,
  type Gap,
} from '../../pds/firehose/firehose.ts'
import type { FirehoseEvent } from '../../pds/firehose/frame.ts'
import type { OpenSocket } from '../../pds/firehose/socket.ts'
import { fraction, type Host } from '../host.ts'
import { forgetCursor, readCursor, readRest, saveCursor, saveRest } from './cursor.ts'

/** Servers that number their events with gaps would have every repo asked for each time; no more often, ms. */
const ASK_ALL_EVERY = 5 * 60_000
/** A server that says too much is left alone for so long, each time twice as long, ms. */
const FIRST_REST = 60 * 60_000
const LONGEST_REST = 24 * 60 * 60_000

export interface SourceOptions {
  readonly host: Host
  /** origin of the server */
  readonly service: string
  readonly dids: ReadonlySet<string>
  /** allow http: and private addresses */
  readonly allowLocal: boolean
  readonly open: OpenSocket
  readonly allowance?: Allowance
  readonly onEvent: (source: Source, event: FirehoseEvent) => Promise<void>
  /** events may have been missed: every repo is to be asked for, as of `seq` */
  readonly onMissed: (source: Source, seq: number) => void
  readonly onState: () => void
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

/** One server whose stream is followed, with its place in it. */
export interface Source {
  readonly service: string
  dids: ReadonlySet<string>
  readonly state: FirehoseState
  readonly cursor: number | undefined
  /** when it last said something, ms */
  readonly heardAt: number | undefined
  /** Notes that all before this event is done with; what is on its way is what `owed` says. */
  save(owed: number | undefined): Promise<void>
  /** The network is back: it is tried at once. */
  wake(): void
  close(): void
}

/** Follows one server: from where it was left, again when the connection breaks, and not when it says too much. */
export function createSource(options: SourceOptions): Source {
  const { host, service, log } = options
  const { storage, timers, clock } = host
  let dids = options.dids
  let state: FirehoseState = { state: 'connecting', nextTryAt: undefined, error: undefined }
  let firehose: Firehose | undefined
  let heardAt: number | undefined
  let saved: number | undefined
  let askedAllAt: number | undefined
  /** asking all is put off to a time that is set */
  let cancelAsk: (() => void) | undefined
  let cancelRest = (): void => {}
  let closed = false

  const tell = (next: FirehoseState): void => {
    state = next
    options.onState()
  }

  const askAll = (): void => {
    const left = askedAllAt === undefined ? 0 : leftOf(ASK_ALL_EVERY, askedAllAt, clock.now())
    if (left > 0) {
      cancelAsk ??= timers.after(left, () => {
        cancelAsk = undefined
        askAll()
      })
      return
    }
    askedAllAt = clock.now()
    options.onMissed(source, (firehose?.cursor ?? -1) + 1)
  }

  const missed = (gap: Gap): void => {
    log('follow.gap', { service, ...gap })
    if (gap.reason === 'busy') owned(forgetCursor(storage, service))
    askAll()
  }

  /** What fails is tried again with the next lead or start, and said where somebody looks. */
  const owned = (work: Promise<void>): void =>
    void work.catch((error: unknown) => log('follow.failed', { service, error: String(error) }))

  const rest = async (): Promise<void> => {
    const now = clock.now()
    const before = await readRest(storage, service)
    const inRow = before === undefined || now - before.until > LONGEST_REST ? 0 : before.times
    const until = now + Math.min(LONGEST_REST, FIRST_REST * 2 ** Math.min(inRow, 16))
    await saveRest(storage, service, { until, times: inRow + 1 })
    saved = undefined
    wait(until)
  }

  const wait = (until: number): void => {
    if (closed) return
    tell({ state: 'waiting', nextTryAt: until, error: state.error })
    cancelRest = timers.after(Math.max(0, until - clock.now()), () => owned(start()))
  }

  const start = async (): Promise<void> => {
    const [cursor, resting] = await Promise.all([readCursor(storage, service), readRest(storage, service)])
    if (closed) return
    // Noted by a clock that was ahead, it is no longer than any.
    const until = Math.min(resting?.until ?? 0, clock.now() + LONGEST_REST)
    if (until > clock.now()) return wait(until)
    saved = cursor
    firehose = followFirehose({
      service,
      cursor,
      allowLocal: options.allowLocal,
      open: options.open,
      ...(options.allowance === undefined ? {} : { allowance: options.allowance }),
      timers,
      clock,
      random: fraction(host),
      wanted: (did) => dids.has(did),
      async onEvent(event) {
        heardAt = clock.now()
        await options.onEvent(source, event)
      },
      onGap: missed,
      onState(next) {
        if (closed) return
        tell(next)
        if (next.error !== undefined)
          log('follow.disconnected', { service, error: next.error.message, nextTryAt: next.nextTryAt })
        // What comes from here on is heard; what came before is not.
        if (next.state === 'open' && firehose?.cursor === undefined) askAll()
        if (next.state === 'closed') owned(rest())
      },
    })
  }

  const source: Source = {
    service,
    get dids() {
      return dids
    },
    set dids(next) {
      dids = next
    },
    get state() {
      return state
    },
    get cursor() {
      return firehose?.cursor
    },
    get heardAt() {
      return heardAt
    },
    async save(owed) {
      const handled = firehose?.cursor
      const cursor = owed === undefined ? handled : Math.min(owed - 1, handled ?? -1)
      if (cursor === undefined || cursor < 0 || cursor === saved) return
      try {
        await saveCursor(storage, service, cursor, clock.now())
        saved = cursor
      } catch (error) {
        log('follow.cursor-unsaved', { service, error: String(error) })
      }
    },
    wake: () => firehose?.wake(),
    close() {
      closed = true
      cancelAsk?.()
      cancelRest()
      firehose?.close()
    },
  }
  owned(start())
  return source
}
