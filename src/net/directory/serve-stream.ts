import { NetError } from '../errors.ts'
import { createMessageReader } from '../messages.ts'
import type { ByteStream } from '../net.ts'
import type { Federation } from './federation.ts'
import { type DirectoryLimits, MAX_LOOKUP, REQUEST_BYTES } from './limits.ts'
import { createOutbox } from './outbox.ts'
import type { AnnouncementTable, TableRow } from './table.ts'
import { type DirectoryAnswer, type DirectoryRequest, refusalOf, requestShape } from './wire.ts'
import type { Watcher, Watchers } from './watchers.ts'

/** What is counted of one peer over all of its streams. */
export interface PeerSession {
  readonly peer: string
  streams: number
  watches: number
  /** watches that it holds as a relay does: `local` ones */
  relayWatches: number
  /** what its announcements are counted under besides its id, once one was made */
  host: { readonly counted: string | undefined } | undefined
}

export interface ServeStreamOptions {
  readonly stream: ByteStream
  readonly session: PeerSession
  readonly table: AnnouncementTable
  readonly watchers: Watchers
  readonly federation: Federation | undefined
  readonly limits: DirectoryLimits
  readonly tally: { requests: number; refused: number }
  /** Checks and holds an announcement of this stream's peer. */
  announce(request: DirectoryRequest & { readonly type: 'announce' }): Promise<void>
}

const recordsOf = (rows: readonly { readonly record: Uint8Array }[]): Uint8Array[] =>
  rows.map(({ record }) => record)

/**
 * Answers the requests of one stream until it ends. What memory knows is answered in order; what other relays
 * are asked for comes when it is there, a bounded number at a time.
 *
 * @throws NetError `net.malformed`, `net.too-large`, `net.reset`: the stream is of no more use
 */
export async function serveStream(options: ServeStreamOptions): Promise<void> {
  const { stream, session, table, watchers, federation, limits, tally } = options
  const outbox = createOutbox(stream, limits.unreadBytes)
  const watches = new Map<number, Watcher>()
  const pending = new Set<Promise<void>>()
  const send = (answer: DirectoryAnswer): void => outbox.send(answer)
  const ok = (id: number, records: readonly Uint8Array[] = []): void =>
    send({ type: 'ok', id, records: [...records] })

  const count = (local: boolean, by: number): void => {
    if (local) session.relayWatches += by
    else session.watches += by
  }
  const startWatch = (id: number, topic: Uint8Array, local: boolean): void => {
    if (watches.has(id)) throw new NetError('net.refused', { reason: 'watch-id' })
    const held = local ? session.relayWatches : session.watches
    const limit = local ? limits.watchesPerRelay : limits.watchesPerPeer
    if (held >= limit) throw new NetError('net.limit', { what: 'watches-per-peer', limit })
    const watcher: Watcher = {
      topic,
      local,
      add: (record) => send({ type: 'add', id, record }),
      gone: (peer) => send({ type: 'gone', id, peer }),
    }
    const known = new Map<string, TableRow>()
    if (!local)
      for (const { announcement, record } of federation?.watches.members(topic) ?? [])
        known.set(announcement.peer, { peer: announcement.peer, seq: announcement.seq, record })
    for (const row of table.lookup(topic, MAX_LOOKUP))
      if ((known.get(row.peer)?.seq ?? -1) < row.seq) known.set(row.peer, row)
    watchers.start(watcher)
    watches.set(id, watcher)
    count(local, 1)
    ok(id, recordsOf([...known.values()].slice(0, MAX_LOOKUP)))
  }
  const stopWatch = (id: number): void => {
    const watcher = watches.get(id)
    if (watcher === undefined) return
    watches.delete(id)
    count(watcher.local, -1)
    watchers.stop(watcher)
  }

  const lookup = async (id: number, topic: Uint8Array, limit: number): Promise<void> => {
    const known = new Map(table.lookup(topic, limit).map((row) => [row.peer, row]))
    for (const { announcement, record } of (await federation?.lookup(topic, MAX_LOOKUP)) ?? []) {
      const { peer, seq } = announcement
      // A peer that told both relays is told of once, by what it said last.
      const here = known.get(peer) ?? table.get(topic, peer)
      if (here === undefined || here.seq < seq) known.set(peer, { peer, seq, record })
    }
    ok(id, recordsOf([...known.values()].slice(0, limit)))
  }
  const find = async (id: number, peer: string): Promise<void> => {
    const here = table.find(peer)
    const there = await federation?.find(peer)
    const newer = there !== undefined && there.announcement.seq > (here?.seq ?? -1)
    if (newer) ok(id, [there.record])
    else ok(id, here === undefined ? [] : [here.record])
  }

  /** What waits for other relays is given back as a promise. */
  const answer = (request: DirectoryRequest): Promise<void> | undefined => {
    const { id } = request
    switch (request.type) {
      case 'announce':
        return options.announce(request).then(() => ok(id))
      case 'unannounce':
        table.remove(stream.peer, request.topic)
        ok(id)
        return undefined
      case 'lookup': {
        const limit = Math.min(request.limit, MAX_LOOKUP)
        if (federation !== undefined && request.local !== true) return lookup(id, request.topic, limit)
        ok(id, recordsOf(table.lookup(request.topic, limit)))
        return undefined
      }
      case 'find': {
        if (federation !== undefined && request.local !== true) return find(id, request.peer)
        const row = table.find(request.peer)
        ok(id, row === undefined ? [] : [row.record])
        return undefined
      }
      case 'watch':
        startWatch(id, request.topic, request.local === true)
        return undefined
      case 'unwatch':
        stopWatch(request.watch)
        ok(id)
        return undefined
      case 'ping':
        ok(id)
        return undefined
    }
  }
  const refuse = (id: number, error: unknown): void => {
    tally.refused++
    send(refusalOf(id, error))
  }
  const handle = async (request: DirectoryRequest): Promise<void> => {
    tally.requests++
    try {
      const later = answer(request)
      if (later === undefined) return
      // An announcement is done before the next request: a later one of the same topic must find it.
      if (request.type === 'announce') return await later
      const settled = later
        .catch((error: unknown) => refuse(request.id, error))
        .finally(() => pending.delete(settled))
      pending.add(settled)
      if (pending.size >= limits.pendingPerStream) await Promise.race(pending)
    } catch (error) {
      refuse(request.id, error)
    }
  }

  try {
    const reader = createMessageReader(stream, requestShape, REQUEST_BYTES)
    for (let request = await reader.read(); request !== undefined; request = await reader.read())
      await handle(request)
    await Promise.all(pending)
  } finally {
    for (const id of [...watches.keys()]) stopWatch(id)
  }
}
