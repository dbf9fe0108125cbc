import type { Clock } from '../../core/clock.ts'
import type { Net } from '../net.ts'
import { createLink, type DirectoryLink } from './link.ts'
import { DIRECTORY_PROTOCOL } from './limits.ts'
import type { Timers } from '../../core/timers.ts'
import type { DirectoryPeers, RelayAddress } from './peers.ts'
import { createTopicProvider } from './provider.ts'
import { openAnnouncement, type SignedAnnouncement } from './record.ts'
import { createRemoteWatches, type RemoteWatches } from './remote-watches.ts'
import { peerTopic, topicKey } from './topic.ts'
import type { DirectoryQuestion } from './wire.ts'

/** Relays asked for one topic: enough to survive some that are gone or lie. */
const MAX_RELAYS_ASKED = 8
/** How long an answer waits for other relays, ms: a walk through the hash table takes about half a second. */
const REMOTE_WITHIN = 3000
/** How long what other relays said is taken for true, ms. */
const CACHE_FOR = 5000
/** Topics and peers whose answers are held at a time: at most a few MB. */
const MAX_CACHED = 2048

/** One relay's view of what the others hold. */
export interface Federation {
  provide(topic: Uint8Array): void
  withdraw(topic: Uint8Array): void
  /** This relay holds announcements of a peer, or none any more. */
  providePeer(peer: string, held: boolean): void
  /** Proven announcements under a topic that other relays hold. Never rejects: who does not answer is left out. */
  lookup(topic: Uint8Array, limit: number): Promise<readonly SignedAnnouncement[]>
  find(peer: string): Promise<SignedAnnouncement | undefined>
  readonly watches: RemoteWatches
  /** resolves when every topic was provided, or at least tried */
  settled(): Promise<void>
  close(): void
}

export interface FederationOptions {
  readonly net: Pick<Net, 'self' | 'open'>
  readonly dht: DirectoryPeers
  readonly clock: Clock
  readonly timers: Timers
  /** lookups that ask other relays at a time */
  readonly atOnce: number
  onAdd(topic: Uint8Array, signed: SignedAnnouncement): void
  onGone(topic: Uint8Array, signed: SignedAnnouncement): void
}

type Found = readonly SignedAnnouncement[]

export function createFederation(options: FederationOptions): Federation {
  const { net, dht, clock, timers } = options
  const provider = createTopicProvider(dht, timers)
  const links = new Map<string, Promise<DirectoryLink>>()
  const cache = new Map<string, { readonly until: number; readonly found: Promise<Found> }>()
  const stopping = new AbortController()
  let active = 0

  const linkTo = ({ peer, addresses }: RelayAddress, signal: AbortSignal): Promise<DirectoryLink> => {
    const held = links.get(peer)
    if (held !== undefined) return held
    const opened = net
      .open(peer, DIRECTORY_PROTOCOL, { addresses, signal })
      .then((stream) => createLink(stream, timers))
    links.set(peer, opened)
    const forget = (): void => {
      if (links.get(peer) === opened) links.delete(peer)
    }
    opened.then((link) => link.ended).then(forget, forget)
    return opened
  }

  const relaysOf = async (topic: Uint8Array, signal: AbortSignal): Promise<readonly RelayAddress[]> => {
    const found = await dht.findRelays(topic, { signal })
    return found.filter(({ peer }) => peer !== net.self).slice(0, MAX_RELAYS_ASKED)
  }

  /** Asks each relay that has something under the topic; `done` aborts when time is up. */
  const askAll = async (
    topic: Uint8Array,
    question: DirectoryQuestion,
    expected: { readonly topic?: Uint8Array; readonly peer?: string },
    done: AbortSignal,
  ): Promise<Found> => {
    const newest = new Map<string, SignedAnnouncement>()
    const take = async (record: Uint8Array): Promise<void> => {
      const signed = await openAnnouncement(record, { now: clock.now(), ...expected })
      const { peer, seq } = signed.announcement
      if (seq > (newest.get(peer)?.announcement.seq ?? -1)) newest.set(peer, signed)
    }
    const ask = async (relay: RelayAddress): Promise<void> => {
      const link = await linkTo(relay, done)
      const records = await link.ask(question, done)
      await Promise.allSettled(records.map(take))
    }
    try {
      await Promise.allSettled((await relaysOf(topic, done)).map(ask))
    } catch {
      // No walk through the table, no relays: what this one holds has to do.
    }
    return [...newest.values()]
  }

  const cached = (key: string, ask: (done: AbortSignal) => Promise<Found>): Promise<Found> => {
    const now = clock.now()
    const held = cache.get(key)
    if (held !== undefined && held.until > now) return held.found
    if (active >= options.atOnce || stopping.signal.aborted) return Promise.resolve([])
    active++
    const late = new AbortController()
    const stopTimer = timers.after(REMOTE_WITHIN, () => late.abort())
    const found = ask(AbortSignal.any([late.signal, stopping.signal])).finally(() => {
      stopTimer()
      active--
    })
    cache.delete(key)
    cache.set(key, { until: now + CACHE_FOR, found })
    for (const oldest of cache.keys()) {
      if (cache.size <= MAX_CACHED) break
      cache.delete(oldest)
    }
    return found
  }

  const watches = createRemoteWatches({
    self: net.self,
    clock,
    timers,
    relaysOf: (topic, signal) => relaysOf(topic, AbortSignal.any([signal, stopping.signal])),
    linkTo: (relay) => linkTo(relay, stopping.signal),
    onAdd: options.onAdd,
    onGone: options.onGone,
  })

  return {
    provide: (topic) => provider.add(topic),
    withdraw: (topic) => provider.remove(topic),
    providePeer(peer, held) {
      if (held) provider.add(peerTopic(peer))
      else provider.remove(peerTopic(peer))
    },
    lookup: (topic, limit) =>
      cached(topicKey(topic), (done) =>
        askAll(topic, { type: 'lookup', topic, limit, local: true }, { topic }, done),
      ),
    async find(peer) {
      const topic = peerTopic(peer)
      const found = await cached(`peer ${peer}`, (done) =>
        askAll(topic, { type: 'find', peer, local: true }, { peer }, done),
      )
      return found[0]
    },
    watches,
    settled: () => provider.settled(),
    close() {
      stopping.abort()
      provider.close()
      watches.close()
      // A link that was never opened needs no closing.
      for (const link of links.values()) link.then((open) => open.close()).catch(() => {})
    },
  }
}
