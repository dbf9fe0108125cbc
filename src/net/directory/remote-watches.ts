import type { Clock } from '../../core/clock.ts'
import type { DirectoryLink } from './link.ts'
import type { Timers } from '../../core/timers.ts'
import type { RelayAddress } from './peers.ts'
import type { SignedAnnouncement } from './record.ts'
import { topicKey } from './topic.ts'
import { createTopicWatch, type TopicWatch } from './topic-watch.ts'

/** How often relays are looked for again that hold a watched topic, ms. */
const LOOK_EVERY = 5000
/** Steps of that search, ms, and how many topics one step takes: 40 walks a second at the most. */
const STEP = 250
const TOPICS_PER_STEP = 10
/** First searches at a time, for topics whose watch just began. */
const FIRST_AT_ONCE = 8
/** A search that takes longer is given up, ms. */
const WALK_WITHIN = 5000

/** Topics that devices watch at this relay, watched at those other relays that hold them. */
export interface RemoteWatches {
  start(topic: Uint8Array): void
  stop(topic: Uint8Array): void
  members(topic: Uint8Array): readonly SignedAnnouncement[]
  close(): void
}

export interface RemoteWatchesOptions {
  readonly self: string
  readonly clock: Clock
  readonly timers: Timers
  relaysOf(topic: Uint8Array, signal: AbortSignal): Promise<readonly RelayAddress[]>
  linkTo(relay: RelayAddress): Promise<DirectoryLink>
  onAdd(topic: Uint8Array, signed: SignedAnnouncement): void
  onGone(topic: Uint8Array, signed: SignedAnnouncement): void
}

interface Watched {
  readonly topic: Uint8Array
  readonly watch: TopicWatch
  /** when relays are looked for again, ms since epoch */
  due: number
}

export function createRemoteWatches(options: RemoteWatchesOptions): RemoteWatches {
  const { self, clock, timers } = options
  // In the order in which they are due: who was looked for goes to the end.
  const watched = new Map<string, Watched>()
  const fresh: string[] = []
  let firstLooks = 0
  let stopStep: (() => void) | undefined
  let closed = false

  const look = async ({ topic, watch }: Watched): Promise<void> => {
    const late = new AbortController()
    const stopTimer = timers.after(WALK_WITHIN, () => late.abort())
    const attach = async (relay: RelayAddress): Promise<void> => watch.attach(await options.linkTo(relay))
    try {
      await Promise.allSettled((await options.relaysOf(topic, late.signal)).map(attach))
    } catch {
      // The next search may find them.
    } finally {
      stopTimer()
    }
  }
  const lookFirst = (): void => {
    while (firstLooks < FIRST_AT_ONCE) {
      const key = fresh.shift()
      if (key === undefined) return
      const entry = watched.get(key)
      if (entry === undefined) continue
      firstLooks++
      // Never rejects, and what runs after it is in memory.
      void look(entry).then(() => {
        firstLooks--
        lookFirst()
      })
    }
  }
  const step = (): void => {
    stopStep = undefined
    const now = clock.now()
    let taken = 0
    for (const [key, entry] of watched) {
      if (entry.due > now || taken >= TOPICS_PER_STEP) break
      taken++
      entry.due = now + LOOK_EVERY
      watched.delete(key)
      watched.set(key, entry)
      // Never rejects: a failed search is followed by the next.
      void look(entry)
    }
    schedule()
  }
  const schedule = (): void => {
    const [next] = watched.values()
    if (closed || next === undefined) return
    stopStep ??= timers.after(Math.max(STEP, next.due - clock.now()), step)
  }

  return {
    start(topic) {
      const key = topicKey(topic)
      if (closed || watched.has(key)) return
      const watch = createTopicWatch({
        topic,
        local: true,
        self,
        clock,
        timers,
        onAdd: (signed) => options.onAdd(topic, signed),
        onGone: (signed) => options.onGone(topic, signed),
      })
      watched.set(key, { topic, watch, due: clock.now() + LOOK_EVERY })
      fresh.push(key)
      lookFirst()
      schedule()
    },
    stop(topic) {
      const key = topicKey(topic)
      watched.get(key)?.watch.close()
      watched.delete(key)
      if (watched.size > 0) return
      stopStep?.()
      stopStep = undefined
    },
    members: (topic) => watched.get(topicKey(topic))?.watch.members() ?? [],
    close() {
      closed = true
      stopStep?.()
      for (const { watch } of watched.values()) watch.close()
      watched.clear()
    },
  }
}
