import { SyncError } from '../../sync/errors.ts'
import { changesAfter } from '../../sync/follow/chains.ts'
import { createFollower, type Follower, type FollowedServer } from '../../sync/follow/follow.ts'
import type { Identities } from '../../sync/follow/identities.ts'
import { lookUpstream } from '../../sync/follow/look.ts'
import { takeTold } from '../../sync/follow/take-told.ts'
import type { ToldCommit } from '../../sync/follow/told-commit.ts'
import { headOf, repoRow } from '../../sync/kept.ts'
import { exclusively, type Work } from '../../sync/work.ts'
import { readNetworkSettings } from '../network/settings.ts'
import type { LiveServer } from '../network-model.ts'
import type { ServiceParts } from '../network/parts.ts'
import { readSettings } from '../settings.ts'

/** Servers that are listened to at once: a browser has some 255 WebSockets for everything. */
const MAX_SERVERS = 32
/** Accounts of servers that are not listened to are asked for so often, ms. */
const POLL_EVERY = 10 * 60_000
/**
 * A server may say 16 MiB at once, which is a busy day of a small one, and 16 KiB a second, which is 58 MB an hour.
 * One that serves a hundred thousand accounts says more, nearly all of it about others.
 */
const ALLOWANCE = { burst: 16 << 20, perSecond: 16 << 10 }

/** Keeps every repo here in step with its own server, while this context leads. */
export interface Live {
  /** A repo is new here, lives elsewhere, or is gone. */
  changed(did: string): void
  /** What a person has set may have changed. */
  settingsChanged(): void
  servers(): readonly LiveServer[]
  close(): Promise<void>
}

export function createLive({
  host,
  network,
  jobs,
  tasks,
  emit,
  identities,
}: Pick<ServiceParts, 'host' | 'network' | 'jobs' | 'tasks' | 'emit'> & {
  readonly identities: Identities
}): Live {
  const { storage } = host
  const { live: place } = network
  const over = new AbortController()
  const endpoints = async () => (await readSettings(storage)).endpoints
  /** where each kept repo lives */
  const homes = new Map<string, string>()
  let follower: Follower | undefined
  /** what the follower was made with */
  let made: string | undefined
  let turn: Promise<void> = Promise.resolve()

  /** Reads and small questions that are nobody's job. */
  const work: Work = {
    signal: over.signal,
    report: () => {},
    onWait: () => {},
    check() {
      if (over.signal.aborted) throw new SyncError('sync.cancelled')
    },
    exclusively: (did, run) => exclusively(storage, did, run),
  }

  /** A job goes on by itself when the lead ends, which does not wait for it: to this lead it stays undone. */
  const untilOver = async <T>(did: string, job: Promise<T>): Promise<T> => {
    const ended = Promise.withResolvers<never>()
    const end = (): void => ended.reject(new SyncError('sync.busy', { did }))
    over.signal.addEventListener('abort', end, { once: true })
    try {
      return await Promise.race([job, ended.promise])
    } finally {
      over.signal.removeEventListener('abort', end)
    }
  }

  const pull = async (did: string): Promise<void> => {
    // What was deleted meanwhile does not come back.
    if ((await repoRow(storage, did)) === undefined) return
    const { id } = tasks.backup(did)
    await untilOver(did, jobs.ended([id]))
    const { error } = jobs.list().find((it) => it.id === id) ?? {}
    // Its job has said why; here it only counts whether another try may help.
    if (error?.retriable === true) throw new SyncError('sync.busy', { did })
  }

  const look = async (did: string): Promise<void> => {
    const { found, changed } = await lookUpstream(host, await endpoints(), {
      did,
      signal: over.signal,
      identity: () => identities.of(did, work),
    })
    if (found === 'news' || found === 'moved') return pull(did)
    if (changed) tasks.noted(did)
  }

  const apply = async (did: string, chain: readonly ToldCommit[]): Promise<void> => {
    const head = await headOf(storage, did)
    // Most often a commit was missed: that is no failure of a job, and the repo is asked for.
    if (head === undefined || changesAfter(chain, head.data) === undefined)
      throw new SyncError('sync.unlisted', { did })
    const identity = await identities.of(did, work)
    if (identity === undefined || identity.pds !== homes.get(did))
      throw new SyncError('sync.unlisted', { did })
    const where = await endpoints()
    const label = identity.handle ?? did
    await untilOver(
      did,
      tasks.told(did, (mine) => takeTold(host, where, { did, chain, identity, work: mine, label })),
    )
  }

  const follow = (allowLocal: boolean): Follower | undefined =>
    place &&
    createFollower({
      host,
      allowLocal,
      open: place.open,
      maxServers: MAX_SERVERS,
      pollEvery: POLL_EVERY,
      allowance: ALLOWANCE,
      pull,
      look,
      apply,
      onIdentity: (did) => identities.forget(did),
      onChange: () => emit({ type: 'network' }),
    })

  const update = async (): Promise<void> => {
    const [{ allowLocal }, { live }] = await Promise.all([endpoints(), readNetworkSettings(storage)])
    const wanted = live ? `following ${allowLocal}` : undefined
    if (wanted !== made) {
      await follower?.close()
      follower = wanted === undefined || over.signal.aborted ? undefined : follow(allowLocal)
      made = wanted
    }
    follower?.set([...homes].map(([did, pds]) => ({ did, pds })))
    emit({ type: 'network' })
  }
  const readHome = async (did: string): Promise<boolean> => {
    const row = await repoRow(storage, did)
    const home = row?.head === undefined ? undefined : row.pds
    if (homes.get(did) === home) return false
    if (home === undefined) homes.delete(did)
    else homes.set(did, home)
    return true
  }
  const inTurn = (run: () => Promise<void>): void => {
    if (place === undefined || over.signal.aborted) return
    // What fails is a storage that is gone: whoever uses it next is told so.
    turn = turn.then(run).catch(() => {})
  }

  inTurn(async () => {
    for (const did of await storage.keys('repos')) await readHome(did)
    await update()
  })
  const stopHearing = place?.onOnline(() => follower?.wake())

  return {
    changed: (did) =>
      inTurn(async () => {
        if (await readHome(did)) await update()
      }),
    settingsChanged: () => inTurn(update),
    servers: () => (follower?.servers() ?? []).map(serverOf),
    async close() {
      over.abort()
      stopHearing?.()
      await turn
      await follower?.close()
    },
  }
}

function serverOf({ service, repos, state, nextTryAt, heardAt, error }: FollowedServer): LiveServer {
  const shown =
    state === 'open'
      ? 'live'
      : error === 'firehose.busy'
        ? 'busy'
        : state === 'connecting'
          ? state
          : 'waiting'
  return { service, repos, state: shown, nextTryAt, heardAt }
}
