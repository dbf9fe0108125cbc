import { hasCode } from '../../core/errors.ts'
import { equalBytes, toHex } from '../../core/bytes.ts'
import { NetError } from '../errors.ts'
import type { Topic } from '../topics.ts'
import { backOff } from './back-off.ts'
import type { TypedEmitter } from './events.ts'
import type { Keeper } from './keeper.ts'
import type { ConfigureOptions, NetworkerEvents, TopicStatus } from './model.ts'
import { createSearch, type Searched, type SearchInput, type Settings } from './search.ts'

/** The topics that are configured, and how far each of them is. */
export interface Joined {
  /** by hex of id */
  readonly topics: ReadonlyMap<string, Topic>
  status(id: string): TopicStatus | undefined
  all(): readonly TopicStatus[]
  configure(topic: Topic, options: ConfigureOptions): Promise<void>
  /** Takes up a topic of the last session, unless it was configured meanwhile. */
  restore(topic: Topic, settings: Settings): void
  /** What failed is tried at once. */
  wake(): void
  /** Leaves everything; resolves when the directory knows, or after a while. Settings stay in the store. */
  close(): Promise<void>
}

export interface JoinedInput extends SearchInput {
  /** uniform in [0, 1) */
  readonly random: () => number
  readonly emitter: TypedEmitter<NetworkerEvents>
  readonly keeper: Keeper
  /** the set of topics is another now */
  readonly changed: () => void
  /** linked peers that share a topic */
  readonly linked: (id: string) => number
}

interface Entry extends Searched {
  /** another one for each change of settings */
  stamp: symbol
  flushed: boolean
  error: Error | undefined
  failures: number
  round: AbortController
  cancelTimer: (() => void) | undefined
  readonly waiting: Set<PromiseWithResolvers<void>>
}

export function createJoined(input: JoinedInput): Joined {
  const { timers, random, limits, emitter, keeper, book } = input
  const { flush, unannounce, stopLooking } = createSearch(input)
  const entries = new Map<string, Entry>()
  const topics = new Map<string, Topic>()

  const begin = (entry: Entry, again: boolean): void => {
    entry.round.abort()
    entry.round = new AbortController()
    entry.cancelTimer?.()
    entry.cancelTimer = undefined
    if (!again) entry.flushed = false
    // Rejects with nothing: both outcomes are dealt with inside.
    void run(entry, entry.round.signal)
  }
  const run = async (entry: Entry, signal: AbortSignal): Promise<void> => {
    let ms: number
    try {
      await flush(entry, signal)
      if (signal.aborted) return
      const first = !entry.flushed
      entry.flushed = true
      entry.error = undefined
      entry.failures = 0
      ms = Math.round(limits.refreshMs * (0.75 + random() / 2))
      if (first) emitter.emit('flushed', { topic: entry.topic.id })
      settle(entry, (waiter) => waiter.resolve())
    } catch (thrown) {
      if (signal.aborted) return
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      entry.error = error
      entry.failures++
      ms = backOff(entry.failures, random, limits)
      emitter.emit('topic-error', { topic: entry.topic.id, error, retryInMs: ms })
      settle(entry, (waiter) => waiter.reject(error))
    }
    // A listener may have changed or left it.
    if (!signal.aborted) entry.cancelTimer = timers.after(ms, () => begin(entry, true))
  }
  const settle = (entry: Entry, how: (waiter: PromiseWithResolvers<void>) => void): void => {
    const waiting = [...entry.waiting]
    entry.waiting.clear()
    waiting.forEach(how)
  }

  const join = (topic: Topic, settings: Settings): Entry => {
    const id = toHex(topic.id)
    const entry: Entry = {
      id,
      topic,
      settings,
      stamp: Symbol(),
      flushed: false,
      error: undefined,
      failures: 0,
      announced: false,
      round: new AbortController(),
      unwatch: undefined,
      cancelTimer: undefined,
      waiting: new Set(),
    }
    entries.set(id, entry)
    topics.set(id, topic)
    emitter.emit('joined', { topic: topic.id })
    if (entries.get(id) !== entry) return entry
    input.changed()
    begin(entry, false)
    return entry
  }
  const leave = async (entry: Entry, why: NetError, ms = limits.lookupMs): Promise<void> => {
    if (entries.get(entry.id) !== entry) return
    entries.delete(entry.id)
    topics.delete(entry.id)
    entry.flushed = false
    entry.round.abort()
    entry.cancelTimer?.()
    stopLooking(entry)
    input.changed()
    const gone = unannounce(entry, ms)
    emitter.emit('left', { topic: entry.topic.id })
    settle(entry, (waiter) => waiter.reject(why))
    await gone
  }
  const change = (entry: Entry, settings: Settings): void => {
    entry.settings = settings
    entry.stamp = Symbol()
    if (!settings.lookup) stopLooking(entry)
    // Does not reject.
    if (!settings.announce) void unannounce(entry, limits.lookupMs)
    begin(entry, false)
  }
  const flushedOf = (entry: Entry): Promise<void> => {
    if (entry.flushed) return Promise.resolve()
    const waiter = Promise.withResolvers<void>()
    entry.waiting.add(waiter)
    return waiter.promise
  }
  const save = (entry: Entry): Promise<void> =>
    keeper.saveTopic(entry.id, { topic: entry.topic, ...entry.settings })

  const statusOf = ({ id, topic, settings, flushed, error }: Entry): TopicStatus => ({
    topic,
    ...settings,
    flushed,
    found: book.count(id),
    linked: input.linked(id),
    error,
  })

  return {
    topics,
    status(id) {
      const entry = entries.get(id)
      return entry === undefined ? undefined : statusOf(entry)
    },
    all: () => [...entries.values()].map(statusOf),
    async configure(topic, { announce = true, lookup = true, flush: wait = true, rejoin = true, signal }) {
      const id = toHex(topic.id)
      let entry = entries.get(id)
      if (entry !== undefined && !equalBytes(entry.topic.secret, topic.secret)) {
        await leave(entry, new NetError('net.cancelled'))
        entry = entries.get(id)
      }
      if (!announce && !lookup) {
        const removed = keeper.removeTopic(id)
        if (entry !== undefined) await leave(entry, new NetError('net.cancelled'))
        return removed
      }
      const before = entry?.settings
      const same = before?.announce === announce && before.lookup === lookup
      if (entry !== undefined && same && !rejoin) return
      if (entry !== undefined) change(entry, { announce, lookup })
      else {
        if (entries.size >= limits.topics)
          throw new NetError('net.limit', { what: 'topics', limit: limits.topics })
        entry = join(topic, { announce, lookup })
      }
      const mine = entry
      const { stamp } = mine
      const flushed = wait ? flushedOf(mine) : Promise.resolve()
      // It is awaited below, but may reject before the row is written.
      flushed.catch(() => {})
      const undo = async (): Promise<void> => {
        if (entries.get(id) !== mine || mine.stamp !== stamp) return
        if (before === undefined) {
          await Promise.all([keeper.removeTopic(id), leave(mine, new NetError('net.cancelled'))])
        } else {
          change(mine, before)
          await save(mine)
        }
      }
      await save(mine)
      try {
        await orAborted(flushed, signal)
      } catch (error) {
        if (signal?.aborted === true && hasCode(error, 'net.cancelled')) await undo()
        throw error
      }
    },
    restore(topic, settings) {
      if (entries.has(toHex(topic.id)) || entries.size >= limits.topics) return
      if (settings.announce || settings.lookup) join(topic, settings)
    },
    wake() {
      for (const entry of entries.values()) if (entry.error !== undefined) begin(entry, true)
    },
    async close() {
      const why = new NetError('net.closed')
      await Promise.all([...entries.values()].map((entry) => leave(entry, why, limits.goodbyeMs)))
    },
  }
}

/** Rejects with `net.cancelled` as soon as the signal aborts. */
function orAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new NetError('net.cancelled', {}, { cause: signal.reason }))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
