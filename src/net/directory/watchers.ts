import { NetError } from '../errors.ts'
import type { DirectoryLimits } from './limits.ts'
import type { TableRow } from './table.ts'
import { topicKey } from './topic.ts'

/** One stream that watches one topic. */
export interface Watcher {
  readonly topic: Uint8Array
  /** told of this relay's own announcements only: it is another relay that asks */
  readonly local: boolean
  add(record: Uint8Array): void
  gone(peer: string): void
}

/** Who is told when announcements under a topic come, change or go. */
export interface Watchers {
  /** @throws NetError `net.limit` ({ what: 'watches', limit }) */
  start(watcher: Watcher): void
  stop(watcher: Watcher): void
  add(topic: Uint8Array, row: TableRow, from: 'local' | 'remote'): void
  /** This relay lost an announcement; another may still hold it. */
  goneHere(topic: Uint8Array, peer: string, heldElsewhere: boolean): void
  /** No other relay holds it any more; this one may. */
  goneElsewhere(topic: Uint8Array, peer: string, heldHere: boolean): void
  count(): number
}

export interface WatchersOptions {
  readonly limits: DirectoryLimits
  /** a topic is watched by a device for the first time, or by none any more */
  onTopic(topic: Uint8Array, watched: boolean): void
}

interface Topic {
  readonly all: Set<Watcher>
  /** watchers that are told of other relays too */
  devices: number
}

export function createWatchers({ limits, onTopic }: WatchersOptions): Watchers {
  const topics = new Map<string, Topic>()
  let count = 0
  const each = (topic: Uint8Array, tell: (watcher: Watcher) => void): void => {
    for (const watcher of topics.get(topicKey(topic))?.all ?? []) tell(watcher)
  }
  return {
    start(watcher) {
      if (count >= limits.watchesInAll)
        throw new NetError('net.limit', { what: 'watches', limit: limits.watchesInAll })
      const key = topicKey(watcher.topic)
      const topic = topics.get(key) ?? { all: new Set<Watcher>(), devices: 0 }
      topics.set(key, topic)
      topic.all.add(watcher)
      count++
      if (watcher.local) return
      topic.devices++
      if (topic.devices === 1) onTopic(watcher.topic, true)
    },
    stop(watcher) {
      const key = topicKey(watcher.topic)
      const topic = topics.get(key)
      if (topic?.all.delete(watcher) !== true) return
      count--
      if (topic.all.size === 0) topics.delete(key)
      if (watcher.local) return
      topic.devices--
      if (topic.devices === 0) onTopic(watcher.topic, false)
    },
    add(topic, { record }, from) {
      each(topic, (watcher) => {
        if (from === 'local' || !watcher.local) watcher.add(record)
      })
    },
    goneHere(topic, peer, heldElsewhere) {
      each(topic, (watcher) => {
        if (watcher.local || !heldElsewhere) watcher.gone(peer)
      })
    },
    goneElsewhere(topic, peer, heldHere) {
      each(topic, (watcher) => {
        if (!watcher.local && !heldHere) watcher.gone(peer)
      })
    },
    count: () => count,
  }
}
