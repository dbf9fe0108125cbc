import { equalBytes } from '../../core/bytes.ts'
import { NetError } from '../errors.ts'
import type { DirectoryLimits } from './limits.ts'
import type { Timers } from '../../core/timers.ts'
import { recordInvalid, type SignedAnnouncement } from './record.ts'
import { topicKey } from './topic.ts'

/** How exactly announcements end, ms: one timer serves all that end in the same span. */
const EXPIRY_SPAN = 1000

export interface TableRow {
  readonly peer: string
  readonly record: Uint8Array
  readonly seq: number
}

export interface AnnouncementTable {
  /**
   * Holds an announcement whose proof was checked, until `keepUntil` (ms since epoch).
   *
   * @throws NetError `net.limit` ({ what, limit }), `net.record-invalid` ({ reason: 'older' })
   */
  put(signed: SignedAnnouncement, keepUntil: number, host: string | undefined): void
  remove(peer: string, topic: Uint8Array): void
  removePeer(peer: string): void
  /** At most `limit` of a topic, another part of them each time; its cost does not grow with the table. */
  lookup(topic: Uint8Array, limit: number): readonly TableRow[]
  /** The newest announcement of a peer. */
  find(peer: string): TableRow | undefined
  /** What a peer announces under a topic. */
  get(topic: Uint8Array, peer: string): TableRow | undefined
  counts(): { readonly announcements: number; readonly topics: number; readonly peers: number }
  close(): void
}

export interface TableOptions {
  /** peer id of the relay whose table this is */
  readonly self: string
  readonly limits: DirectoryLimits
  readonly timers: Timers
  readonly now: () => number
  onAdd(topic: Uint8Array, row: TableRow): void
  onGone(topic: Uint8Array, peer: string): void
  /** a topic has its first announcement, or lost its last */
  onTopic(topic: Uint8Array, held: boolean): void
  /** the same of a peer */
  onPeer(peer: string, held: boolean): void
}

interface Row {
  readonly owner: Owner
  readonly topic: Topic
  peer: string
  record: Uint8Array
  seq: number
  keepUntil: number
  /** place in the topic's list */
  at: number
}

interface Topic {
  readonly bytes: Uint8Array
  readonly rows: Row[]
  /** where the next lookup begins */
  turn: number
}

interface Owner {
  readonly host: string | undefined
  readonly rows: Map<string, Row>
  /** the row with the highest sequence number; undefined: to be looked for */
  newest: Row | undefined
}

/** Announcements in memory, by topic and by peer, each until it ends. */
export function createAnnouncementTable(options: TableOptions): AnnouncementTable {
  const { self, limits, timers, now } = options
  const topics = new Map<string, Topic>()
  const owners = new Map<string, Owner>()
  const hosts = new Map<string, number>()
  const spans = new Map<number, { readonly rows: Set<Row>; readonly stop: () => void }>()
  let others = 0

  const spanOf = (keepUntil: number): number => Math.ceil(keepUntil / EXPIRY_SPAN)
  const schedule = (row: Row): void => {
    const span = spanOf(row.keepUntil)
    const held = spans.get(span)
    if (held !== undefined) {
      held.rows.add(row)
      return
    }
    const rows = new Set([row])
    const stop = timers.after(Math.max(0, span * EXPIRY_SPAN - now()), () => {
      spans.delete(span)
      for (const ended of rows) drop(ended)
    })
    spans.set(span, { rows, stop })
  }
  const unschedule = (row: Row): void => {
    const span = spans.get(spanOf(row.keepUntil))
    if (span === undefined || !span.rows.delete(row) || span.rows.size > 0) return
    span.stop()
    spans.delete(spanOf(row.keepUntil))
  }
  /** What is announced by others is counted in all, and by their host. */
  const count = ({ peer, owner: { host } }: Row, by: number): void => {
    if (peer === self) return
    others += by
    if (host === undefined) return
    const next = (hosts.get(host) ?? 0) + by
    if (next === 0) hosts.delete(host)
    else hosts.set(host, next)
  }

  const drop = (row: Row): void => {
    const { topic, owner, peer } = row
    const key = topicKey(topic.bytes)
    if (owner.rows.get(key) !== row) return
    unschedule(row)
    owner.rows.delete(key)
    const last = topic.rows.pop()
    if (last !== undefined && last !== row) {
      topic.rows[row.at] = last
      last.at = row.at
    }
    count(row, -1)
    if (owner.newest === row) owner.newest = undefined
    options.onGone(topic.bytes, peer)
    if (topic.rows.length === 0) {
      topics.delete(key)
      options.onTopic(topic.bytes, false)
    }
    if (owner.rows.size === 0) {
      owners.delete(peer)
      options.onPeer(peer, false)
    }
  }

  const room = (what: string, have: number, limit: number): void => {
    if (have >= limit) throw new NetError('net.limit', { what, limit })
  }

  const admit = (owner: Owner, topic: Topic, peer: string): void => {
    if (peer === self) return room('topics-of-self', owner.rows.size, limits.topicsOfSelf)
    room('announcements', others, limits.inAll)
    room('topics-per-peer', owner.rows.size, limits.topicsPerPeer)
    room('peers-per-topic', topic.rows.length, limits.peersPerTopic)
    if (owner.host !== undefined) room('per-address', hosts.get(owner.host) ?? 0, limits.perAddress)
  }
  const noteNewest = (row: Row): void => {
    const { newest } = row.owner
    // Of one that was dropped nothing is known until all are looked at.
    if (newest !== undefined && newest.seq <= row.seq) row.owner.newest = row
  }
  /** Costs nothing while the newest stays: a store has many, and anyone may ask for its peer. */
  const newestOf = (owner: Owner): Row | undefined => {
    const time = now()
    if (owner.newest !== undefined && owner.newest.keepUntil > time) return owner.newest
    owner.newest = undefined
    for (const row of owner.rows.values())
      if (row.keepUntil > time && row.seq > (owner.newest?.seq ?? -1)) owner.newest = row
    return owner.newest
  }

  return {
    put({ announcement, record }, keepUntil, host) {
      const key = topicKey(announcement.topic)
      const held = owners.get(announcement.peer)?.rows.get(key)
      if (held !== undefined) {
        const again = announcement.seq === held.seq && equalBytes(record, held.record)
        if (announcement.seq <= held.seq && !again) throw recordInvalid('older')
        unschedule(held)
        held.record = record
        held.seq = announcement.seq
        held.keepUntil = keepUntil
        schedule(held)
        noteNewest(held)
        if (!again) options.onAdd(held.topic.bytes, held)
        return
      }
      const owner = owners.get(announcement.peer) ?? { host, rows: new Map(), newest: undefined }
      const topic = topics.get(key) ?? { bytes: announcement.topic.slice(), rows: [], turn: 0 }
      admit(owner, topic, announcement.peer)

      const row: Row = {
        owner,
        topic,
        peer: announcement.peer,
        record,
        seq: announcement.seq,
        keepUntil,
        at: topic.rows.length,
      }
      owner.rows.set(key, row)
      topic.rows.push(row)
      count(row, 1)
      noteNewest(row)
      schedule(row)
      const newTopic = topic.rows.length === 1
      const newPeer = owner.rows.size === 1
      topics.set(key, topic)
      owners.set(announcement.peer, owner)
      options.onAdd(topic.bytes, row)
      if (newTopic) options.onTopic(topic.bytes, true)
      if (newPeer) options.onPeer(announcement.peer, true)
    },
    remove(peer, topic) {
      const row = owners.get(peer)?.rows.get(topicKey(topic))
      if (row !== undefined) drop(row)
    },
    removePeer(peer) {
      for (const row of [...(owners.get(peer)?.rows.values() ?? [])]) drop(row)
    },
    lookup(topic, limit) {
      const held = topics.get(topicKey(topic))
      if (held === undefined) return []
      const length = held.rows.length
      const take = Math.min(limit, length)
      const time = now()
      const found: TableRow[] = []
      for (let i = 0; i < take; i++) {
        const row = held.rows[(held.turn + i) % length]
        if (row !== undefined && row.keepUntil > time) found.push(row)
      }
      held.turn = (held.turn + take) % length
      return found
    },
    find(peer) {
      const owner = owners.get(peer)
      return owner === undefined ? undefined : newestOf(owner)
    },
    get(topic, peer) {
      return owners.get(peer)?.rows.get(topicKey(topic))
    },
    counts: () => ({
      announcements: others + (owners.get(self)?.rows.size ?? 0),
      topics: topics.size,
      peers: owners.size,
    }),
    close() {
      for (const span of spans.values()) span.stop()
      spans.clear()
    },
  }
}
