import { isRetriable } from '../../pds/errors.ts'
import { type FirehoseState, followFirehose, type Gap } from '../../pds/firehose/firehose.ts'
import type { FirehoseEvent } from '../../pds/firehose/frame.ts'
import type { OpenSocket } from '../../pds/firehose/socket.ts'
import { hasCode } from '../../core/errors.ts'
import { fraction, type Host } from '../host.ts'
import { headOf } from '../kept.ts'
import { readCursor, saveCursor } from './cursor.ts'
import { createPulls } from './pulls.ts'

/** Cursors are saved no more often than this, ms. */
const SAVE_EVERY = 5000
/** Servers that number their events with gaps would have every repo asked for each time; no more often, ms. */
const ASK_ALL_EVERY = 5 * 60_000
/** Connections at once, unless told. */
const MAX_SERVERS = 200
/** Repos of servers beyond that are asked for so often, ms. */
const POLL_EVERY = 60 * 60_000

export interface FollowedRepo {
  readonly did: string
  /** origin of its PDS */
  readonly pds: string
}

export interface FollowOptions {
  readonly host: Host
  /** allow http: and private addresses */
  readonly allowLocal: boolean
  readonly open: OpenSocket
  /** Brings one repo up to date: `backUp`, or what wraps it. */
  readonly pull: (did: string) => Promise<void>
  readonly maxServers?: number
  readonly log?: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

export interface FollowedServer {
  readonly service: string
  readonly repos: number
  readonly cursor: number | undefined
  readonly state: FirehoseState['state']
  readonly nextTryAt: number | undefined
}

/** Keeps repos current by listening to the servers that they live on. */
export interface Follower {
  /** The repos to follow from now on. What is new among them is asked for once. */
  set(repos: readonly FollowedRepo[]): void
  servers(): readonly FollowedServer[]
  /** Stops listening, saves cursors, and resolves when pulls under way have ended. */
  close(): Promise<void>
}

interface Source {
  readonly service: string
  dids: Set<string>
  state: FirehoseState
  cursor: () => number | undefined
  saved: number | undefined
  close: () => void
  askedAllAt: number | undefined
  /** asking all is put off to a time that is set */
  cancelAsk: (() => void) | undefined
}

/**
 * Follows the stream of each PDS that a kept repo lives on. An event about one of them makes it be pulled,
 * proven like any other backup: nothing in an event is believed, not even that there is news. The cursor that is
 * saved never passes an event whose pull has not ended, so a stop loses none. Where events may have been missed
 * (a gap, a cursor too old for the server, a first connection) every repo of that server is asked for.
 */
export function createFollower(options: FollowOptions): Follower {
  const { host, log = () => {} } = options
  const { storage, timers, clock } = host
  const sources = new Map<string, Source>()
  /** Repos of servers for which there is no connection left. */
  let polled: readonly FollowedRepo[] = []
  let cancelPoll: (() => void) | undefined
  let saving: Promise<void> = Promise.resolve()
  let cancelSave: (() => void) | undefined
  let closed = false

  const pulls = createPulls({
    timers,
    random: fraction(host),
    pull: options.pull,
    retriable: (error) => isRetriable(error) || hasCode(error, 'sync.busy'),
    onFailure: (did, error) =>
      log('follow.pull-failed', { did, error: error instanceof Error ? error.message : String(error) }),
    onDone: () => saveSoon(),
  })

  const saveSoon = (): void => {
    if (closed) return
    cancelSave ??= timers.after(SAVE_EVERY, () => {
      cancelSave = undefined
      save()
    })
  }

  const save = (): void => {
    for (const source of sources.values()) saving = saving.then(() => saveOne(source))
  }

  const saveOne = async (source: Source): Promise<void> => {
    const owed = pulls.oldest(source.service)
    const handled = source.cursor()
    const cursor = owed === undefined ? handled : Math.min(owed - 1, handled ?? -1)
    if (cursor === undefined || cursor < 0 || cursor === source.saved) return
    try {
      await saveCursor(storage, source.service, cursor, clock.now())
      source.saved = cursor
    } catch (error) {
      log('follow.cursor-unsaved', { service: source.service, error: String(error) })
    }
  }

  const heard = async (source: Source, event: FirehoseEvent): Promise<void> => {
    if (event.kind === 'info' || event.kind === 'other' || event.kind === 'error') return
    const { did, seq } = event
    saveSoon()
    if (!source.dids.has(did)) return
    if ('rev' in event) {
      // Told of what is here already: our own pull was faster, or the server sends again.
      const head = await headOf(storage, did).catch(() => undefined)
      if (head?.rev !== undefined && head.rev >= event.rev) return
    }
    pulls.due(did, source.service, seq)
  }

  const missed = (source: Source, gap: Gap): void => {
    log('follow.gap', { service: source.service, ...gap })
    askAll(source)
  }

  const askAll = (source: Source): void => {
    const since = source.askedAllAt === undefined ? ASK_ALL_EVERY : clock.now() - source.askedAllAt
    if (since < ASK_ALL_EVERY) {
      source.cancelAsk ??= timers.after(ASK_ALL_EVERY - since, () => {
        source.cancelAsk = undefined
        askAll(source)
      })
      return
    }
    source.askedAllAt = clock.now()
    const seq = (source.cursor() ?? -1) + 1
    for (const did of source.dids) pulls.due(did, source.service, seq, { now: true })
  }

  const begin = (service: string, dids: Set<string>): void => {
    const source: Source = {
      service,
      dids,
      state: { state: 'connecting', nextTryAt: undefined, error: undefined },
      cursor: () => undefined,
      saved: undefined,
      close: () => {},
      askedAllAt: undefined,
      cancelAsk: undefined,
    }
    sources.set(service, source)
    const start = async (): Promise<void> => {
      const cursor = await readCursor(storage, service)
      if (closed || sources.get(service) !== source) return
      source.saved = cursor
      const firehose = followFirehose({
        service,
        cursor,
        allowLocal: options.allowLocal,
        open: options.open,
        timers,
        clock,
        random: fraction(host),
        wanted: (did) => source.dids.has(did),
        onEvent: (event) => heard(source, event),
        onGap: (gap) => missed(source, gap),
        onState(state) {
          source.state = state
          if (state.error !== undefined)
            log('follow.disconnected', { service, error: state.error.message, nextTryAt: state.nextTryAt })
        },
      })
      source.cursor = () => firehose.cursor
      source.close = () => firehose.close()
      if (cursor === undefined) askAll(source)
    }
    void start().catch((error: unknown) => log('follow.failed', { service, error: String(error) }))
  }

  const end = (source: Source): void => {
    source.close()
    source.cancelAsk?.()
    sources.delete(source.service)
  }

  const poll = (): void => {
    for (const { did, pds } of polled) pulls.due(did, pds, 0, { now: true })
    cancelPoll = polled.length === 0 || closed ? undefined : timers.after(POLL_EVERY, poll)
  }

  /** Which servers to listen to: those that are listened to, then those with the most repos. */
  const choose = (wanted: ReadonlyMap<string, Set<string>>): Set<string> =>
    new Set(
      [...wanted]
        .sort(
          ([a, x], [b, y]) =>
            Number(sources.has(b)) - Number(sources.has(a)) || y.size - x.size || (a < b ? -1 : 1),
        )
        .slice(0, options.maxServers ?? MAX_SERVERS)
        .map(([service]) => service),
    )

  return {
    set(repos) {
      if (closed) return
      const wanted = new Map<string, Set<string>>()
      for (const { did, pds } of repos) wanted.set(pds, (wanted.get(pds) ?? new Set()).add(did))
      const chosen = choose(wanted)
      const kept = new Set(repos.map((it) => it.did))
      for (const source of sources.values()) {
        for (const did of source.dids) if (!kept.has(did)) pulls.forget(did)
        if (!chosen.has(source.service)) end(source)
      }
      for (const [service, dids] of wanted) {
        if (!chosen.has(service)) continue
        const source = sources.get(service)
        if (source === undefined) {
          begin(service, dids)
          continue
        }
        const fresh = [...dids].filter((did) => !source.dids.has(did))
        source.dids = dids
        // Between its last pull and now it may have changed.
        for (const did of fresh) pulls.due(did, service, (source.cursor() ?? -1) + 1)
      }
      polled = repos.filter((it) => !chosen.has(it.pds))
      if (polled.length > 0 && cancelPoll === undefined) poll()
    },
    servers: () =>
      [...sources.values()].map((it) => ({
        service: it.service,
        repos: it.dids.size,
        cursor: it.cursor(),
        state: it.state.state,
        nextTryAt: it.state.nextTryAt,
      })),
    async close() {
      closed = true
      cancelSave?.()
      cancelPoll?.()
      for (const source of sources.values()) {
        source.close()
        source.cancelAsk?.()
      }
      await pulls.close()
      save()
      await saving
    },
  }
}
