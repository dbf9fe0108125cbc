import type { Clock } from '../../core/clock.ts'
import type { Announcement } from '../directory-model.ts'
import { backOff } from './back-off.ts'
import type { NetworkerLimits } from './limits.ts'
import type { Timers } from '../../core/timers.ts'

export type DialResult = 'linked' | 'failed' | 'refused'

/** The peers that were found, and when each of them is tried. */
export interface Book {
  /**
   * A peer was found under a topic: it is tried, unless it is linked or its pause is not over. One that has
   * only just been announced (`fresh`) is left a moment to come first.
   */
  found(announcement: Announcement, topic: string, fresh?: boolean): void
  /** It is no longer announced under the topic. */
  gone(peer: string, topic: string): void
  /** The topic is of no interest any more. */
  forget(topic: string): void
  /** Resolves when a try that is due, or under way, has ended. */
  tried(peer: string): Promise<void>
  /** A link that was ready, or chosen to be, has ended. Whoever is being tried is judged by that try alone. */
  lost(peer: string, lastedMs: number, result: 'failed' | 'refused'): void
  /** The network is back: whoever waits is tried at once. */
  wake(): void
  /** How many are announced under a topic. */
  count(topic: string): number
  readonly size: number
  readonly stats: { readonly dials: number; readonly failedDials: number }
  close(): void
}

export interface BookInput {
  readonly limits: NetworkerLimits
  readonly timers: Timers
  readonly clock: Clock
  /** uniform in [0, 1) */
  readonly random: () => number
  readonly linked: (peer: string) => boolean
  readonly allowed: (peer: string) => boolean
  /** Never rejects. */
  readonly dial: (peer: string, addresses: readonly string[]) => Promise<DialResult>
}

interface Entry {
  readonly peer: string
  readonly topics: Set<string>
  addresses: readonly string[]
  expiresAt: number
  failures: number
  /** it is waited for out of courtesy, not after a failure */
  courtesy: boolean
  attempt: Promise<void> | undefined
  cancelWait: (() => void) | undefined
}

/** More addresses than this help nobody. */
const MAX_ADDRESSES = 16
/** A peer whose announcement has run out is forgotten after so many tries. */
const TRIES_PAST_EXPIRY = 3

export function createBook(input: BookInput): Book {
  const { limits, timers, clock, random, linked, allowed, dial } = input
  const entries = new Map<string, Entry>()
  const queue: (() => void)[] = []
  const stats = { dials: 0, failedDials: 0 }
  let dialling = 0
  let closed = false

  const turn = async (): Promise<void> => {
    if (dialling >= limits.dials) await new Promise<void>((go) => queue.push(go))
    dialling++
  }
  const pass = (): void => {
    dialling--
    queue.shift()?.()
  }
  const stopWaiting = (entry: Entry): void => {
    entry.cancelWait?.()
    entry.cancelWait = undefined
    entry.courtesy = false
  }
  const drop = (entry: Entry): void => {
    stopWaiting(entry)
    entries.delete(entry.peer)
  }
  const wanted = (entry: Entry): boolean =>
    !closed && entries.get(entry.peer) === entry && entry.topics.size > 0 && allowed(entry.peer)

  const wait = (entry: Entry, ms: number): void => {
    entry.cancelWait?.()
    entry.cancelWait = timers.after(ms, () => {
      stopWaiting(entry)
      start(entry)
    })
  }
  const failed = (entry: Entry, result: 'failed' | 'refused'): void => {
    entry.failures++
    if (!wanted(entry)) return
    if (entry.failures >= TRIES_PAST_EXPIRY && clock.now() > entry.expiresAt) drop(entry)
    else wait(entry, result === 'refused' ? limits.maxBackOffMs : backOff(entry.failures, random, limits))
  }
  const attempt = async (entry: Entry): Promise<void> => {
    await turn()
    if (wanted(entry) && !linked(entry.peer)) {
      stats.dials++
      const result = await dial(entry.peer, entry.addresses)
      if (result !== 'linked') {
        stats.failedDials++
        failed(entry, result)
      }
    }
    pass()
  }
  const start = (entry: Entry): void => {
    if (entry.attempt !== undefined || entry.cancelWait !== undefined) return
    if (!wanted(entry) || linked(entry.peer)) return
    // `dial` does not reject, and nothing else here does.
    entry.attempt = attempt(entry).then(() => {
      entry.attempt = undefined
    })
  }
  /** Room for one more: whoever failed most often makes way, if anyone has failed. */
  const makeRoom = (): boolean => {
    if (entries.size < limits.known) return true
    let worst: Entry | undefined
    for (const entry of entries.values())
      if (!linked(entry.peer) && entry.failures > (worst?.failures ?? 0)) worst = entry
    if (worst === undefined) return false
    drop(worst)
    return true
  }

  return {
    found({ peer, addresses, expiresAt }, topic, fresh = false) {
      if (closed) return
      let entry = entries.get(peer)
      if (entry === undefined) {
        if (!makeRoom()) return
        entry = {
          peer,
          topics: new Set(),
          addresses: [],
          expiresAt,
          failures: 0,
          courtesy: false,
          attempt: undefined,
          cancelWait: undefined,
        }
        entries.set(peer, entry)
      }
      entry.topics.add(topic)
      entry.expiresAt = Math.max(entry.expiresAt, expiresAt)
      const next = addresses.slice(0, MAX_ADDRESSES)
      const had = entry.addresses
      const moved = next.some((address) => !had.includes(address))
      entry.addresses = next
      // It is somewhere else now: the pause was for where it had been.
      if (moved || entry.courtesy) stopWaiting(entry)
      if (!fresh) start(entry)
      else if (entry.attempt === undefined && entry.cancelWait === undefined) {
        entry.courtesy = true
        wait(entry, limits.courtesyMs)
      }
    },
    gone(peer, topic) {
      const entry = entries.get(peer)
      if (entry === undefined) return
      entry.topics.delete(topic)
      if (entry.topics.size === 0) drop(entry)
    },
    forget(topic) {
      for (const entry of entries.values()) {
        entry.topics.delete(topic)
        if (entry.topics.size === 0) drop(entry)
      }
    },
    tried: async (peer) => entries.get(peer)?.attempt,
    lost(peer, lastedMs, result) {
      const entry = entries.get(peer)
      if (entry === undefined) return
      if (lastedMs >= limits.stableMs) entry.failures = 0
      if (entry.attempt === undefined) failed(entry, result)
    },
    wake() {
      for (const entry of entries.values()) {
        stopWaiting(entry)
        start(entry)
      }
    },
    count: (topic) => [...entries.values()].filter(({ topics }) => topics.has(topic)).length,
    get size() {
      return entries.size
    },
    stats,
    close() {
      closed = true
      for (const entry of [...entries.values()]) drop(entry)
      for (const go of queue.splice(0)) go()
    },
  }
}
