import type { Directory } from '../directory-model.ts'
import type { Topic } from '../topics.ts'
import type { Book } from './book.ts'
import { withDeadline } from './deadline.ts'
import type { NetworkerLimits } from './limits.ts'
import type { Timers } from '../../core/timers.ts'

export interface Settings {
  readonly announce: boolean
  readonly lookup: boolean
}

/** A topic as far as the directory is concerned. */
export interface Searched {
  /** hex of the topic's id */
  readonly id: string
  readonly topic: Topic
  settings: Settings
  announced: boolean
  unwatch: (() => void) | undefined
}

/** Brings topics to the directory and what it finds to the book. */
export interface Search {
  /**
   * Announces and looks up as the settings say, and waits until all that was found was tried and no
   * handshake is under way. Returns early, without an error, when the signal aborts.
   *
   * @throws NetError `net.timeout`, and what the directory throws
   */
  flush(topic: Searched, signal: AbortSignal): Promise<void>
  /** Takes an announcement back, for at most `ms`. Does not reject: announcements end by themselves. */
  unannounce(topic: Searched, ms: number): Promise<void>
  stopLooking(topic: Searched): void
}

export interface SearchInput {
  readonly self: string
  readonly directory: Directory
  readonly timers: Timers
  readonly limits: NetworkerLimits
  readonly book: Book
  /** resolves when all handshakes under way have ended */
  readonly settled: () => Promise<void>
}

export function createSearch({ self, directory, timers, limits, book, settled }: SearchInput): Search {
  const tails = new Map<string, Promise<void>>()
  /** Announcing and taking back go to the directory in the order they were asked for. */
  const inTurn = (id: string, run: () => Promise<void>): Promise<void> => {
    const mine = (tails.get(id) ?? Promise.resolve()).then(run)
    const tail = mine
      .catch(() => {})
      .then(() => {
        if (tails.get(id) === tail) tails.delete(id)
      })
    tails.set(id, tail)
    return mine
  }
  const announce = (topic: Searched, signal: AbortSignal): Promise<void> => {
    topic.announced = true
    return inTurn(topic.id, () =>
      withDeadline(timers, limits.lookupMs, signal, () => directory.announce(topic.topic.id)),
    )
  }
  const search = async (topic: Searched, signal: AbortSignal): Promise<void> => {
    topic.unwatch ??= directory.watch(topic.topic.id, ({ type, announcement }) => {
      if (announcement.peer === self) return
      if (type === 'add') book.found(announcement, topic.id, true)
      else book.gone(announcement.peer, topic.id)
    })
    const answer = await withDeadline(timers, limits.lookupMs, signal, (inner) =>
      directory.lookup(topic.topic.id, { limit: limits.found, signal: inner }),
    )
    const found = answer.filter(({ peer }) => peer !== self).slice(0, limits.found)
    for (const announcement of found) book.found(announcement, topic.id)
    await Promise.all(found.map(({ peer }) => book.tried(peer)))
  }
  return {
    async flush(topic, signal) {
      let failure: Error | undefined
      // Announces first: of two that join at once, one then finds the other.
      if (topic.settings.announce)
        await announce(topic, signal).catch((error: unknown) => {
          failure = error instanceof Error ? error : new Error(String(error))
        })
      if (signal.aborted) return
      if (topic.settings.lookup) await search(topic, signal)
      await settled()
      if (failure !== undefined) throw failure
    },
    async unannounce(topic, ms) {
      if (!topic.announced) return
      topic.announced = false
      const never = new AbortController().signal
      const tell = (): Promise<void> =>
        withDeadline(timers, ms, never, () => directory.unannounce(topic.topic.id))
      await inTurn(topic.id, tell).catch(() => {})
    },
    stopLooking(topic) {
      topic.unwatch?.()
      topic.unwatch = undefined
      book.forget(topic.id)
    },
  }
}
