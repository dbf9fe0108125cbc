import type { PrivateKey } from '@libp2p/interface'
import type { Clock } from '../../core/clock.ts'
import { NetError } from '../errors.ts'
import type { DirectoryLink } from './link.ts'
import type { Timers } from '../../core/timers.ts'
import type { SequenceStore } from './parts.ts'
import { CLOCK_SKEW } from './limits.ts'
import { sealAnnouncement } from './record.ts'
import { topicKey } from './topic.ts'

/** How long an announcement lasts, ms: a timer of a hidden page fires once a minute at the least. */
const LASTS = 10 * 60_000
/** When it is made anew, ms: half of its life, so that one missed time costs nothing. */
const RENEW_AFTER = LASTS / 2
/**
 * Announcements that are signed, or told to one relay, before other work gets its turn: as many as may be on
 * their way. To sign and to prove one takes a quarter of a millisecond, and a store has thousands.
 */
const BATCH = 24
/** The pause for that, ms. */
const PAUSE = 5
/** Addresses change one by one while connections are made; they are announced together, ms. */
const SETTLE = 250

/** What this node announces, signed anew when it has to be, and told to every relay. */
export interface Announcer {
  /** Signs an announcement under the topic; `tell` hands it to relays. */
  start(topic: Uint8Array): Promise<void>
  /** True when it was announced. */
  stop(topic: Uint8Array): boolean
  has(topic: Uint8Array): boolean
  /** Tells one relay of one topic. */
  tell(link: DirectoryLink, topic: Uint8Array): Promise<void>
  /** Tells one relay of all topics; what it refuses is left to the next round. */
  tellAll(link: DirectoryLink): Promise<void>
  addressesChanged(): void
  close(): void
}

export interface AnnouncerOptions {
  readonly self: string
  readonly key: PrivateKey
  readonly sequence: SequenceStore
  readonly clock: Clock
  readonly timers: Timers
  addresses(): readonly string[]
  links(): readonly DirectoryLink[]
}

interface Own {
  readonly topic: Uint8Array
  seq: number
  record: Uint8Array
  /** by this device's clock; the signature holds for longer, by as much as others' may be ahead of it */
  lastsUntil: number
}

export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { self, key, sequence, clock, timers } = options
  const own = new Map<string, Own>()
  let told = options.addresses().join(' ')
  let stopSettle: (() => void) | undefined
  let stopRenew: (() => void) | undefined
  let renewals = 0
  let closed = false

  const seal = async (
    topic: Uint8Array,
    seq: number,
  ): Promise<{ readonly record: Uint8Array; readonly lastsUntil: number }> => {
    const lastsUntil = clock.now() + LASTS
    const addresses = options.addresses()
    const expiresAt = lastsUntil + CLOCK_SKEW
    const record = await sealAnnouncement({ topic, peer: self, addresses, seq, expiresAt }, key)
    return { record, lastsUntil }
  }
  const pause = (): Promise<void> => new Promise((resolve) => void timers.after(PAUSE, resolve))
  const send = (link: DirectoryLink, { topic, record, lastsUntil }: Own): Promise<unknown> =>
    link.ask({ type: 'announce', topic, record, ttl: Math.max(0, lastsUntil - clock.now()) })

  /** Some at a time, with pauses between; ends early when `goesOn` says so. */
  const inBatches = async (
    all: readonly Own[],
    goesOn: () => boolean,
    work: (entry: Own) => Promise<unknown>,
  ): Promise<void> => {
    for (let at = 0; at < all.length && goesOn(); at += BATCH) {
      if (at > 0) await pause()
      await Promise.all(all.slice(at, at + BATCH).map(work))
    }
  }
  const isHeld = (entry: Own): boolean => own.get(topicKey(entry.topic)) === entry

  const tellAll = async (link: DirectoryLink): Promise<void> => {
    // The device slept, and no timer ran.
    if ([...own.values()].some(({ lastsUntil }) => lastsUntil <= clock.now())) return renew()
    let over = closed
    void link.ended.then(() => (over = true))
    await inBatches(
      [...own.values()],
      () => !over && !closed,
      // What is refused is left to the next round.
      async (entry) => isHeld(entry) && send(link, entry).catch(() => {}),
    )
  }
  /** Signs everything anew, under one sequence number, and tells every relay. */
  const renewAll = async (): Promise<void> => {
    if (own.size === 0 || closed) return
    told = options.addresses().join(' ')
    const seq = await sequence.next()
    const mine = ++renewals
    const isLatest = (): boolean => !closed && renewals === mine
    const all = [...own.values()]
    await inBatches(all, isLatest, async (entry) => {
      const sealed = await seal(entry.topic, seq)
      // A later renewal may have been here meanwhile.
      if (seq > entry.seq) Object.assign(entry, sealed, { seq })
    })
    if (isLatest()) await Promise.all(options.links().map(tellAll))
  }
  const renew = (): void => {
    stopRenew?.()
    stopRenew = timers.after(RENEW_AFTER, renew)
    // A counter or key that fails now may work the next time; until then the old announcements stand.
    renewAll().catch(() => {})
  }
  stopRenew = timers.after(RENEW_AFTER, renew)

  return {
    async start(topic) {
      const id = topicKey(topic)
      if (own.has(id)) return
      const seq = await sequence.next()
      const entry: Own = { topic: topic.slice(), seq, ...(await seal(topic, seq)) }
      if (closed) throw new NetError('net.closed')
      if (!own.has(id)) own.set(id, entry)
    },
    stop: (topic) => own.delete(topicKey(topic)),
    has: (topic) => own.has(topicKey(topic)),
    async tell(link, topic) {
      const entry = own.get(topicKey(topic))
      if (entry !== undefined) await send(link, entry)
    },
    tellAll,
    addressesChanged() {
      if (closed || options.addresses().join(' ') === told) return
      stopSettle?.()
      stopSettle = timers.after(SETTLE, () => {
        stopSettle = undefined
        if (options.addresses().join(' ') !== told) renew()
      })
    },
    close() {
      closed = true
      stopSettle?.()
      stopRenew?.()
    },
  }
}
