import type { Clock } from '../../core/clock.ts'
import { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'
import type { ByteStream, Net } from '../net.ts'
import { countedHost } from './address.ts'
import { createFederation, type Federation } from './federation.ts'
import { DIRECTORY_LIMITS, DIRECTORY_PROTOCOL, type DirectoryLimits, MAX_TTL } from './limits.ts'
import type { Timers } from '../../core/timers.ts'
import type { DirectoryPeers } from './peers.ts'
import { openAnnouncement } from './record.ts'
import { type PeerSession, serveStream } from './serve-stream.ts'
import { createAnnouncementTable } from './table.ts'
import { createWatchers } from './watchers.ts'

/** How long announcements stay when the last stream of their peer broke off, ms: time to come back. */
const RETURN_WITHIN = 30_000

export interface DirectoryServerOptions {
  readonly net: Pick<Net, 'self' | 'handle' | 'open' | 'connections'>
  readonly clock: Clock
  readonly timers: Timers
  readonly limits?: Partial<DirectoryLimits>
  /** other relays; without it this one answers for itself only */
  readonly dht?: DirectoryPeers
  /**
   * What a peer's announcements are counted under besides its id: by default the IP address of its connection.
   * Behind a proxy the relay knows better. Undefined: not counted.
   */
  readonly hostOf?: (peer: string) => string | undefined
}

export interface DirectoryCounts {
  readonly announcements: number
  readonly topics: number
  readonly peers: number
  readonly watches: number
  readonly streams: number
  /** requests answered since the start, refusals included */
  readonly requests: number
  readonly refused: number
}

export interface DirectoryServer {
  /** Serves one stream that came another way than over the network, such as from this process. */
  serve(stream: ByteStream): Promise<void>
  /** For metrics. */
  counts(): DirectoryCounts
  /** resolves when other relays were told of every topic, or at least tried */
  provided(): Promise<void>
  close(): void
}

/**
 * Serves `/cairn/directory/1.0.0`: announcements in memory, each proven by its own signature, until they
 * end, their peer takes them back, or its last stream has been gone for 30 seconds.
 */
export function createDirectoryServer(options: DirectoryServerOptions): DirectoryServer {
  const { net, clock, timers, dht } = options
  const limits = { ...DIRECTORY_LIMITS, ...options.limits }
  const now = (): number => clock.now()
  const sessions = new Map<string, PeerSession>()
  const departures = new Map<string, () => void>()
  const streams = new Set<ByteStream>()
  const tally = { requests: 0, refused: 0 }
  let closed = false
  // Set right below; nothing calls back before a stream is served.
  let federation: Federation | undefined

  const watchers = createWatchers({
    limits,
    onTopic: (topic, watched) =>
      watched ? federation?.watches.start(topic) : federation?.watches.stop(topic),
  })
  const table = createAnnouncementTable({
    self: net.self,
    limits,
    timers,
    now,
    onAdd: (topic, row) => watchers.add(topic, row, 'local'),
    onGone(topic, peer) {
      const elsewhere = federation?.watches
        .members(topic)
        .find(({ announcement }) => announcement.peer === peer)
      watchers.goneHere(topic, peer, elsewhere !== undefined)
    },
    onTopic: (topic, held) => (held ? federation?.provide(topic) : federation?.withdraw(topic)),
    onPeer: (peer, held) => federation?.providePeer(peer, held),
  })
  if (dht !== undefined)
    federation = createFederation({
      net,
      dht,
      clock,
      timers,
      atOnce: limits.remoteInAll,
      onAdd(topic, { announcement, record }) {
        const { peer, seq } = announcement
        if ((table.get(topic, peer)?.seq ?? -1) < seq) watchers.add(topic, { peer, seq, record }, 'remote')
      },
      onGone(topic, { announcement: { peer } }) {
        watchers.goneElsewhere(topic, peer, table.get(topic, peer) !== undefined)
      },
    })

  const hostOf =
    options.hostOf ??
    ((peer) => countedHost(net.connections().find((connection) => connection.peer === peer)?.address ?? ''))

  const arrive = (peer: string): PeerSession => {
    departures.get(peer)?.()
    departures.delete(peer)
    const session = sessions.get(peer) ?? { peer, streams: 0, watches: 0, relayWatches: 0, host: undefined }
    if (session.streams >= limits.streamsPerPeer)
      throw new NetError('net.limit', { what: 'streams-per-peer', limit: limits.streamsPerPeer })
    session.streams++
    sessions.set(peer, session)
    return session
  }
  const leave = (session: PeerSession): void => {
    session.streams--
    if (session.streams > 0) return
    sessions.delete(session.peer)
    if (closed || table.find(session.peer) === undefined) return
    const stop = timers.after(RETURN_WITHIN, () => {
      departures.delete(session.peer)
      table.removePeer(session.peer)
    })
    departures.set(session.peer, stop)
  }

  const serve = async (stream: ByteStream): Promise<void> => {
    const session = arrive(stream.peer)
    streams.add(stream)
    try {
      await serveStream({
        stream,
        session,
        table,
        watchers,
        federation,
        limits,
        tally,
        async announce({ topic, record, ttl }) {
          const signed = await openAnnouncement(record, { now: now(), topic, peer: stream.peer })
          const keepUntil = Math.min(signed.announcement.expiresAt, now() + Math.min(ttl, MAX_TTL))
          session.host ??= { counted: hostOf(stream.peer) }
          table.put(signed, keepUntil, session.host.counted)
        },
      })
    } catch (error) {
      stream.abort(error instanceof CairnError ? error : undefined)
      throw error
    } finally {
      streams.delete(stream)
      leave(session)
    }
  }
  const stopHandling = net.handle(DIRECTORY_PROTOCOL, serve)

  return {
    serve,
    counts: () => ({ ...table.counts(), ...tally, watches: watchers.count(), streams: streams.size }),
    provided: async () => federation?.settled(),
    close() {
      closed = true
      stopHandling()
      for (const stop of departures.values()) stop()
      departures.clear()
      for (const stream of streams) stream.abort(new NetError('net.closed'))
      federation?.close()
      table.close()
    },
  }
}
