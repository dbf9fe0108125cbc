import type { PrivateKey } from '@libp2p/interface'
import type { Clock } from '../../core/clock.ts'
import { NetError } from '../errors.ts'
import type { DirectoryLink } from './link.ts'
import type { Timers } from '../../core/timers.ts'
import type { SequenceStore } from './parts.ts'
import { sealAnnouncement } from './record.ts'
import { topicKey } from './topic.ts'

/** How long an announcement lasts, ms: a timer of a hidden page fires once a minute at the least. */
const LASTS = 10 * 60_000
/** When it is made anew, ms: half of its life, so that one missed time costs nothing. */
const RENEW_AFTER = LASTS / 2
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
  record: Uint8Array
  expiresAt: number
}

export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { self, key, sequence, clock, timers } = options
  const own = new Map<string, Own>()
  let told = options.addresses().join(' ')
  let stopSettle: (() => void) | undefined
  let stopRenew: (() => void) | undefined
  let closed = false

  const seal = async (
    topic: Uint8Array,
    seq: number,
  ): Promise<{ readonly record: Uint8Array; readonly expiresAt: number }> => {
    const expiresAt = clock.now() + LASTS
    const addresses = options.addresses()
    const record = await sealAnnouncement({ topic, peer: self, addresses, seq, expiresAt }, key)
    return { record, expiresAt }
  }
  const send = (link: DirectoryLink, { topic, record, expiresAt }: Own): Promise<unknown> =>
    link.ask({ type: 'announce', topic, record, ttl: Math.max(0, expiresAt - clock.now()) })

  const tellAll = async (link: DirectoryLink): Promise<void> => {
    await Promise.allSettled([...own.values()].map((entry) => send(link, entry)))
  }
  /** Signs everything anew, under one sequence number, and tells every relay. */
  const renewAll = async (): Promise<void> => {
    if (own.size === 0 || closed) return
    told = options.addresses().join(' ')
    const seq = await sequence.next()
    await Promise.all(
      [...own.values()].map(async (entry) => Object.assign(entry, await seal(entry.topic, seq))),
    )
    if (!closed) await Promise.all(options.links().map(tellAll))
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
      const entry: Own = { topic: topic.slice(), ...(await seal(topic, await sequence.next())) }
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
