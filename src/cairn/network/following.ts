import { leftOf } from '../../core/clock.ts'
import { toHex } from '../../core/bytes.ts'
import type { Peer } from '../../net/networker/model.ts'
import { repoTopic, type Topic } from '../../net/topics.ts'
import type { KeptAgreement } from '../../sync/agreements/model.ts'
import type { BackupResult } from '../../sync/backup.ts'
import { fraction } from '../../sync/host.ts'
import { openRepo } from '../../sync/kept.ts'
import { type SentList, sentListOf } from '../../sync/packs/sent-list.ts'
import { partialsOf } from '../../sync/pages/partial-rows.ts'
import { copyRows } from '../../sync/peers/copy-rows.ts'
import { createStoreClient } from '../../sync/store/client.ts'
import { keepForOurselves } from './agreement-actions.ts'
import { forgetListed, isListed } from './listed.ts'
import { quietly, type Running } from './parts.ts'

/** How often copies elsewhere are asked for anew while nobody says that they changed, ms. */
const ROUND = 10 * 60_000
/** Word of a head that came from a peer goes on after half of this at least, ms. */
const ON_GOES = 200

/** Keeps every repo here in step with its copies elsewhere, and those with it. */
export interface Following {
  /** Takes up every repo that is kept. */
  start(): Promise<void>
  /** A repo is new here, has a new head, or is gone. */
  changed(did: string): void
  /**
   * A repo that is followed may have a new head: whoever follows it here is told, at once where it is news to everyone.
   * True when someone was.
   */
  moved(result: BackupResult): boolean
  /** Leaves those who share a repo and meets them again, as who may know of it has changed. */
  meetAnew(did: string): Promise<void>
  /** Something was agreed, or ended: a copy that is not for everyone may be known of by more, or fewer. */
  agreed(
    now: Pick<KeptAgreement, 'ours' | 'theirs' | 'state'>,
    before: KeptAgreement['state'] | undefined,
  ): Promise<void>
  /** Asks all stores within reach again. */
  askStores(): void
  /** Asks those that were not asked for a while. */
  meetStores(): void
  dids(): string[]
  /** the repos that a peer's proven topics stand for */
  didsOf(topics: readonly Topic[]): string[]
  stop(): void
}

/** The networker's word on a peer that shares topics, handled with what `following` knows of them. */
export const replicator = (running: () => Running, following: () => Following) => {
  const followed = new WeakSet<AbortSignal>()
  /** what ends the following of some topics while the peer shares others */
  const partings = new WeakMap<Peer, Set<(topics: readonly Topic[]) => void>>()

  const follow = (peer: Peer, topics: readonly Topic[], signal: AbortSignal): void => {
    const didOf = new Map(topics.map((topic) => [topic, following().didsOf([topic])]))
    const leave = running().notices.follow(peer.id, [...didOf.values()].flat(), signal)
    const part = (removed: readonly Topic[]): void =>
      leave(removed.flatMap((topic) => didOf.get(topic) ?? []))
    const mine = partings.get(peer) ?? new Set()
    partings.set(peer, mine.add(part))
    signal.addEventListener('abort', () => mine.delete(part), { once: true })
  }
  return {
    async replicate(peer: Peer, topics: readonly Topic[], signal: AbortSignal): Promise<void> {
      const { engine, candidateOf } = running()
      const now = new Set(peer.topics)
      const shared = topics.filter((topic) => now.has(topic))
      // Heard from before it is asked, and even when it does not answer. It is tried again under the same signal.
      if (!followed.has(signal)) follow(peer, shared, signal)
      followed.add(signal)
      await engine.meet(candidateOf(peer.id), following().didsOf(shared))
    },
    /** The peer shares these no more. Whether it tells of them is asked anew when it does again: who may hear changes. */
    parted(peer: Peer, removed: readonly Topic[]): void {
      for (const part of partings.get(peer) ?? []) part(removed)
    },
  }
}

export function createFollowing(running: Running): Following {
  const { host, serving, networker, engine, notices, over, connectedStores, candidateOf } = running
  const { storage, timers, clock } = host
  const didOf = new Map<string, string>()
  const asked = new Map<string, number>()
  /** repos that everyone may know of: what changed in them goes along with word of it */
  const listed = new Set<string>()
  /** the heads that those who follow were told of, and the stores */
  const heads = new Map<string, string>()
  const stored = new Map<string, string>()
  /** the newest head that came from a peer, of which word goes on in a moment */
  const later = new Map<string, { readonly rev: string; readonly list: () => SentList | undefined }>()
  const stops = new Set<() => void>()
  const changed = createOneAtATime()
  const told = createOneAtATime()
  /** which repos each store tells us of, and what ends that before the lead does */
  const heard = new Map<string, (dids: readonly string[]) => void>()
  let stopRound = (): void => {}

  const isJoined = (did: string): boolean => didOf.has(toHex(repoTopic(did).id))
  const announce = async (did: string): Promise<void> => {
    const topic = repoTopic(did)
    didOf.set(toHex(topic.id), did)
    listed.delete(did)
    const announced = await isListed(storage, did)
    // Deleted meanwhile.
    if (!isJoined(did)) return
    if (announced) listed.add(did)
    await networker.configure(topic, {
      announce: announced,
      lookup: true,
      flush: false,
    })
  }
  const part = (did: string): Promise<void> =>
    networker.configure(repoTopic(did), { announce: false, lookup: false })
  const meetAnew = async (did: string): Promise<void> => {
    if (!isJoined(did)) return
    await part(did)
    if (isJoined(did)) await announce(did)
  }
  const leave = async (did: string): Promise<void> => {
    didOf.delete(toHex(repoTopic(did).id))
    for (const known of [heads, stored, listed, later]) known.delete(did)
    for (const [name, leaveThere] of heard) {
      if (!name.endsWith(` ${did}`)) continue
      heard.delete(name)
      leaveThere([did])
    }
    await Promise.all([forgetListed(storage, did), keepForOurselves(storage, did)])
    await part(did)
  }

  const dids = (): string[] => [...didOf.values()]
  const didsOf = (topics: readonly Topic[]): string[] =>
    topics.flatMap((topic) => didOf.get(toHex(topic.id)) ?? [])

  const hear = (store: string, repos: readonly string[]): void => {
    const added = repos.filter((did) => !heard.has(`${store} ${did}`))
    if (added.length === 0) return
    const leaveThere = notices.follow(store, added, over)
    for (const did of added) heard.set(`${store} ${did}`, leaveThere)
  }

  /** A store is no member of topics: it is asked when it comes within reach, and now and then. */
  const meetStores = (): void => {
    for (const peer of connectedStores()) {
      if (leftOf(ROUND, asked.get(peer) ?? Number.NEGATIVE_INFINITY, clock.now()) > 0) continue
      asked.set(peer, clock.now())
      hear(peer, dids())
      quietly(engine.meet(candidateOf(peer), dids()))
    }
  }
  /** Tells the stores that keep a repo that it has changed; where its own server is silent they take it from us. */
  const tellStores = async (did: string): Promise<void> => {
    const rows = await copyRows(storage, did)
    for (const peer of connectedStores()) {
      if (!rows.some((row) => row.peer === peer && row.rev !== undefined)) continue
      // One that refuses, or takes its time, is no reason for the others to wait.
      quietly(told(`${peer} ${did}`, () => tellStore(peer, did)))
    }
  }
  const tellStore = async (peer: string, did: string): Promise<void> => {
    const { rev, commit } = (await copyRows(storage, did)).find((row) => row.peer === peer) ?? {}
    // One that takes no list, or not this one, fetches.
    if (rev !== undefined && commit !== undefined)
      await serving.push(candidateOf(peer), did, { rev, commit }, over).catch(() => {})
    await createStoreClient(running.node.net, timers, peer).keep(did, { rev: heads.get(did), signal: over })
    await engine.meet(candidateOf(peer), [did])
  }

  const update = async (did: string): Promise<void> => {
    const repo = await openRepo(storage, did)
    const isKept = repo !== undefined || (await partialsOf(storage, did)).length > 0
    if (!isKept) return isJoined(did) ? leave(did) : undefined
    if (!isJoined(did)) {
      await announce(did)
      for (const peer of connectedStores()) {
        // Those that are met later are followed for all that is kept by then.
        hear(peer, [did])
        quietly(engine.meet(candidateOf(peer), [did]))
      }
    }
    const rev = repo?.head?.rev
    if (rev === undefined) return
    if (!later.has(did)) tell(did, rev)
    if (stored.get(did) === rev) return
    stored.set(did, rev)
    await tellStores(did)
  }
  /** True when someone was told. */
  const tell = (did: string, rev: string, list?: () => SentList | undefined): boolean => {
    later.delete(did)
    if (heads.get(did) === rev) return false
    heads.set(did, rev)
    return notices.publish(did, rev, list)
  }
  /** Those who follow it at whom it came from have it by then, and have said so. */
  const tellLater = (did: string, rev: string, list: () => SentList | undefined): void => {
    const isDue = later.has(did)
    later.set(did, { rev, list })
    if (isDue) return
    const stop = timers.after(ON_GOES * (0.5 + fraction(host)() / 2), () => {
      stops.delete(stop)
      const newest = later.get(did)
      if (newest !== undefined) tell(did, newest.rev, newest.list)
    })
    stops.add(stop)
  }

  const round = (): void => {
    stopRound = timers.after(ROUND, () => {
      meetStores()
      for (const { id, topics } of networker.peers) quietly(engine.meet(candidateOf(id), didsOf(topics)))
      round()
    })
  }

  return {
    async start() {
      const parts = (await partialsOf(storage)).map((it) => it.did)
      for (const did of new Set([...(await storage.keys('repos')), ...parts])) quietly(announce(did))
      meetStores()
      round()
    },
    changed: (did) => quietly(changed(did, () => update(did))),
    moved({ did, snapshot, news, now }) {
      if (now !== undefined) engine.moved(now)
      if (snapshot?.rev === undefined || !isJoined(did)) return false
      const list = (): SentList | undefined =>
        // Of a copy that is not for everyone each is asked for what may be read when it asks.
        listed.has(did) ? news?.(sentListOf) : undefined
      if (snapshot.source !== 'peer') return tell(did, snapshot.rev, list)
      tellLater(did, snapshot.rev, list)
      return false
    },
    meetAnew,
    async agreed({ ours, theirs, state }, before) {
      if (state === before || (state !== 'active' && state !== 'ended')) return
      for (const did of [ours, theirs])
        if (did !== undefined && !(await isListed(storage, did))) await meetAnew(did)
    },
    askStores() {
      asked.clear()
      meetStores()
    },
    meetStores,
    dids,
    didsOf,
    stop() {
      stopRound()
      for (const stop of stops) stop()
    },
  }
}

/**
 * One run at a time for each name. Whatever is asked for while it runs is one more run afterwards, however often
 * that was, so the last run begins after the last change. A run that fails is as good as one that ended.
 */
function createOneAtATime(): (name: string, run: () => Promise<void>) => Promise<void> {
  const running = new Map<string, { again: boolean }>()
  return async (name, run) => {
    const now = running.get(name)
    if (now !== undefined) {
      now.again = true
      return
    }
    const mine = { again: true }
    running.set(name, mine)
    while (mine.again) {
      mine.again = false
      await run().catch(() => {})
    }
    running.delete(name)
  }
}
