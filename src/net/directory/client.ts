import type { PrivateKey } from '@libp2p/interface'
import type { Clock } from '../../core/clock.ts'
import type { Announcement, Directory, LookupOptions } from '../directory-model.ts'
import { NetError } from '../errors.ts'
import type { ByteStream, Net } from '../net.ts'
import { createAnnouncer } from './announcer.ts'
import { createAsking } from './asking.ts'
import { DIRECTORY_PROTOCOL, MAX_LOOKUP, TOPIC_BYTES } from './limits.ts'
import type { DirectoryLink } from './link.ts'
import type { Timers } from '../../core/timers.ts'
import type { Random, SequenceStore } from './parts.ts'
import { openAnnouncement, type SignedAnnouncement } from './record.ts'
import { createRelayLink, type RelayLink } from './relay-link.ts'
import { topicKey } from './topic.ts'
import { createTopicWatch, type TopicWatch } from './topic-watch.ts'

export interface DirectoryOptions {
  readonly net: Pick<Net, 'self' | 'addresses' | 'open' | 'onChange' | 'connections'>
  /** the key that `net.self` is the id of; it signs here and goes nowhere */
  readonly key: PrivateKey
  readonly sequence: SequenceStore
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** peer ids of relays to begin with */
  readonly relays?: readonly string[]
  /** how a relay's directory is reached: over the network, unless it is in this process */
  readonly open?: (relay: string, signal: AbortSignal) => Promise<ByteStream>
}

/** A directory over a set of relays that may change at any time. */
export interface RelayDirectory extends Directory {
  /** The relays to use from now on, by peer id. What is announced and watched moves along. */
  setRelays(relays: readonly string[]): void
  /** relays whose directory answers now */
  connected(): readonly string[]
}

/** Asks relays, and believes what peers have signed. See {@link Directory} for each method. */
export function createDirectory(options: DirectoryOptions): RelayDirectory {
  const { net, clock, timers, random } = options
  const open = options.open ?? ((relay, signal) => net.open(relay, DIRECTORY_PROTOCOL, { signal }))
  const relays = new Map<string, RelayLink>()
  const watches = new Map<string, Set<TopicWatch>>()
  let closed = false

  const openLinks = (): DirectoryLink[] =>
    [...relays.values()].map((relay) => relay.current()).filter((link) => link !== undefined)
  const eachWatch = (tell: (watch: TopicWatch) => void): void => {
    for (const watch of [...watches.values()].flatMap((set) => [...set])) tell(watch)
  }
  const announcer = createAnnouncer({
    self: net.self,
    key: options.key,
    sequence: options.sequence,
    clock,
    timers,
    addresses: () => net.addresses(),
    links: openLinks,
  })
  const asking = createAsking({ relays: () => [...relays.values()], timers })

  const add = (relay: string): void => {
    const link = createRelayLink({
      relay,
      timers,
      random,
      open,
      onOpen(opened) {
        eachWatch((watch) => watch.attach(opened))
        // Settles always: what the relay refuses is left to the next round.
        void announcer.tellAll(opened)
        asking.changed()
      },
      onEnd: () => asking.changed(),
    })
    relays.set(relay, link)
  }
  const setRelays = (wanted: readonly string[]): void => {
    if (closed) return
    for (const [relay, link] of [...relays]) {
      if (wanted.includes(relay)) continue
      relays.delete(relay)
      link.close()
      eachWatch((watch) => watch.detach(relay))
    }
    for (const relay of wanted) if (!relays.has(relay)) add(relay)
    asking.changed()
  }
  setRelays(options.relays ?? [])

  const stopListening = net.onChange(() => {
    announcer.addressesChanged()
    const here = new Set(net.connections().map(({ peer }) => peer))
    for (const link of relays.values()) if (here.has(link.relay)) link.hurry()
  })

  const checked = (topic: Uint8Array): Uint8Array => {
    if (closed) throw new NetError('net.closed')
    if (topic.length !== TOPIC_BYTES) throw new NetError('net.malformed', { peer: net.self, reason: 'topic' })
    return topic
  }
  /** The newest proven announcement of each peer. */
  const prove = async (
    answers: readonly (readonly Uint8Array[])[],
    expected: { readonly topic?: Uint8Array; readonly peer?: string },
  ): Promise<readonly Announcement[]> => {
    const newest = new Map<string, SignedAnnouncement>()
    const take = async (record: Uint8Array): Promise<void> => {
      const signed = await openAnnouncement(record, { now: clock.now(), ...expected })
      const { peer, seq } = signed.announcement
      if (peer !== net.self && seq > (newest.get(peer)?.announcement.seq ?? -1)) newest.set(peer, signed)
    }
    // What is not proven was not said.
    await Promise.allSettled(answers.flat().map(take))
    return [...newest.values()].map(({ announcement }) => announcement)
  }

  return {
    async announce(topic) {
      await announcer.start(checked(topic))
      await asking.tell((link) => announcer.tell(link, topic))
    },
    async unannounce(topic) {
      if (!announcer.stop(checked(topic))) return
      // A relay that does not hear of it forgets the announcement when it ends.
      await Promise.allSettled(openLinks().map((link) => link.ask({ type: 'unannounce', topic })))
    },
    async lookup(topic, { limit = MAX_LOOKUP, signal }: LookupOptions = {}) {
      const most = Math.max(1, Math.min(limit, MAX_LOOKUP))
      const question = { type: 'lookup', topic: checked(topic), limit: most } as const
      const found = await prove(await asking.ask(question, signal), { topic })
      return found.slice(0, most)
    },
    async find(peer, { signal }: LookupOptions = {}) {
      if (closed) throw new NetError('net.closed')
      const [found] = await prove(await asking.ask({ type: 'find', peer }, signal), { peer })
      return found
    },
    watch(topic, listener) {
      const key = topicKey(checked(topic))
      const watch = createTopicWatch({
        topic: topic.slice(),
        local: false,
        self: net.self,
        clock,
        timers,
        onAdd: ({ announcement }) => listener({ type: 'add', announcement }),
        onGone: ({ announcement }) => listener({ type: 'remove', announcement }),
      })
      const set = watches.get(key) ?? new Set<TopicWatch>()
      watches.set(key, set.add(watch))
      for (const link of openLinks()) watch.attach(link)
      return () => {
        watch.close()
        set.delete(watch)
        if (set.size === 0 && watches.get(key) === set) watches.delete(key)
      }
    },
    async close() {
      if (closed) return
      closed = true
      stopListening()
      announcer.close()
      eachWatch((watch) => watch.close())
      watches.clear()
      for (const link of relays.values()) link.close()
      relays.clear()
      asking.close()
    },
    setRelays,
    connected: () => openLinks().map(({ relay }) => relay),
  }
}
