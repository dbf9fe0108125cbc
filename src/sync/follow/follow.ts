import { isRetriable } from '../../pds/errors.ts'
import type { Allowance, FirehoseState } from '../../pds/firehose/firehose.ts'
import type { FirehoseEvent } from '../../pds/firehose/frame.ts'
import type { OpenSocket } from '../../pds/firehose/socket.ts'
import { hasCode } from '../../core/errors.ts'
import { fraction, type Host } from '../host.ts'
import { headOf } from '../kept.ts'
import { createBringer, type Bring } from './bring.ts'
import { createPulls } from './pulls.ts'
import { createSource, type Source } from './source.ts'

/** Cursors are saved no more often than this, ms. */
const SAVE_EVERY = 5000
/** Connections at once, unless told. */
const MAX_SERVERS = 200
/** Repos of servers beyond that, or that cannot be listened to, are asked for so often unless told, ms. */
const POLL_EVERY = 60 * 60_000

export interface FollowedRepo {
  readonly did: string
  /** origin of its PDS */
  readonly pds: string
}

export interface FollowOptions extends Bring {
  readonly host: Host
  /** allow http: and private addresses */
  readonly allowLocal: boolean
  readonly open: OpenSocket
  readonly maxServers?: number
  readonly pollEvery?: number
  /** how much a server may say before it is asked now and then instead; unbounded unless told */
  readonly allowance?: Allowance
  /** what `servers` gives has changed */
  readonly onChange?: () => void
  readonly log?: (event: string, fields: Readonly<Record<string, unknown>>) => void
}

export interface FollowedServer {
  readonly service: string
  readonly repos: number
  readonly cursor: number | undefined
  readonly state: FirehoseState['state']
  readonly nextTryAt: number | undefined
  /** when it last said something, ms */
  readonly heardAt: number | undefined
  /** code of why it is not listened to */
  readonly error: string | undefined
}

/** Keeps repos current by listening to the servers that they live on. */
export interface Follower {
  /** The repos to follow from now on. What is new among them is asked for once. */
  set(repos: readonly FollowedRepo[]): void
  servers(): readonly FollowedServer[]
  /** The network is back: whoever waits for a next try is tried at once. */
  wake(): void
  /** Stops listening, saves cursors, and resolves when pulls under way have ended. */
  close(): Promise<void>
}

/**
 * Follows the stream of each PDS that a kept repo lives on. An event about one of them makes it be brought up to
 * date (`bring.ts`): by the commits that the events themselves hold, where that is asked for and they prove
 * everything, else by a pull; nothing in an event is believed. The cursor that is saved never passes an event whose
 * repo was not brought up to date, so a stop loses none. Where events may have been missed (a gap, a cursor too old
 * for the server, a first connection) every repo of that server is asked for; where it cannot be listened to they
 * are asked for now and then.
 */
export function createFollower(options: FollowOptions): Follower {
  const { host, log = () => {}, pollEvery = POLL_EVERY } = options
  const { storage, timers } = host
  const sources = new Map<string, Source>()
  /** Repos of servers for which there is no connection left. */
  let polled: readonly FollowedRepo[] = []
  let cancelPoll: (() => void) | undefined
  let saving: Promise<void> = Promise.resolve()
  let cancelSave: (() => void) | undefined
  let closed = false

  const bringer = createBringer(options, host.sha256, log)
  const pulls = createPulls({
    timers,
    random: fraction(host),
    pull: (did) => bringer.bring(did),
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
    for (const source of sources.values())
      saving = saving.then(() => source.save(pulls.oldest(source.service)))
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
    await bringer.hear(event)
    pulls.due(did, source.service, seq)
  }

  const ask = (did: string, service: string, seq: number, now = true): void => {
    bringer.ask(did)
    pulls.due(did, service, seq, { now })
  }

  const begin = (service: string, dids: ReadonlySet<string>): Source =>
    createSource({
      host,
      service,
      dids,
      allowLocal: options.allowLocal,
      open: options.open,
      ...(options.allowance === undefined ? {} : { allowance: options.allowance }),
      onEvent: heard,
      onMissed: (source, seq) => {
        for (const did of source.dids) ask(did, service, seq)
      },
      onState: () => options.onChange?.(),
      log,
    })

  const pollLater = (): void => {
    cancelPoll ??= timers.after(pollEvery, () => {
      cancelPoll = undefined
      for (const { did, pds } of polled) ask(did, pds, 0)
      for (const { service, state, dids, cursor } of sources.values()) {
        if (state.state === 'open') continue
        for (const did of dids) ask(did, service, (cursor ?? -1) + 1)
      }
      pollLater()
    })
  }

  /** Which servers to listen to: those that are listened to, then those with the most repos. */
  const choose = (wanted: ReadonlyMap<string, ReadonlySet<string>>): Set<string> =>
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
        for (const did of source.dids) {
          if (kept.has(did)) continue
          pulls.forget(did)
          bringer.forget(did)
        }
        if (chosen.has(source.service)) continue
        source.close()
        sources.delete(source.service)
      }
      for (const [service, dids] of wanted) {
        if (!chosen.has(service)) continue
        const source = sources.get(service)
        if (source === undefined) {
          sources.set(service, begin(service, dids))
          continue
        }
        const fresh = [...dids].filter((did) => !source.dids.has(did))
        source.dids = dids
        // Between its last pull and now it may have changed.
        for (const did of fresh) ask(did, service, (source.cursor ?? -1) + 1, false)
      }
      const before = new Set(polled.map((it) => it.did))
      polled = repos.filter((it) => !chosen.has(it.pds))
      for (const { did, pds } of polled) if (!before.has(did)) ask(did, pds, 0)
      if (repos.length > 0) pollLater()
      options.onChange?.()
    },
    servers: () =>
      [...sources.values()].map(({ service, dids, cursor, state, heardAt }) => ({
        service,
        repos: dids.size,
        cursor,
        state: state.state,
        nextTryAt: state.nextTryAt,
        heardAt,
        error: state.error?.code,
      })),
    wake() {
      for (const source of sources.values()) source.wake()
    },
    async close() {
      closed = true
      cancelSave?.()
      cancelPoll?.()
      for (const source of sources.values()) source.close()
      await pulls.close()
      save()
      await saving
    },
  }
}
