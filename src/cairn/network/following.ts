import { toHex } from '../../core/bytes.ts'
import type { Peer } from '../../net/networker/model.ts'
import { repoTopic, type Topic } from '../../net/topics.ts'
import { headOf } from '../../sync/kept.ts'
import { partialsOf } from '../../sync/pages/partial-rows.ts'
import { copyRows } from '../../sync/peers/copy-rows.ts'
import { createStoreClient } from '../../sync/store/client.ts'
import { keepForOurselves } from './agreement-actions.ts'
import { forgetListed, isListed } from './listed.ts'
import { quietly, type Running } from './parts.ts'

/** How often copies elsewhere are asked for anew while nobody says that they changed, ms. */
const ROUND = 10 * 60_000

/** Keeps every repo here in step with its copies elsewhere, and those with it. */
export interface Following {
  /** Takes up every repo that is kept. */
  start(): Promise<void>
  /** A repo is new here, has a new head, or is gone. */
  changed(did: string): void
  /** Announces a repo, or no longer. */
  announce(did: string): Promise<void>
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
export const replicator =
  (running: () => Running, following: () => Following) =>
  async (peer: Peer, topics: readonly Topic[], signal: AbortSignal): Promise<void> => {
    const { engine, notices, candidateOf } = running()
    const dids = following().didsOf(topics)
    await engine.meet(candidateOf(peer.id), dids)
    notices.follow(peer.id, dids, signal)
  }

export function createFollowing(running: Running): Following {
  const { host, networker, engine, notices, over, connectedStores, candidateOf } = running
  const { storage, timers, clock } = host
  const didOf = new Map<string, string>()
  const asked = new Map<string, number>()
  const heads = new Map<string, string>()
  let stopRound = (): void => {}

  const announce = async (did: string): Promise<void> => {
    const topic = repoTopic(did)
    didOf.set(toHex(topic.id), did)
    await networker.configure(topic, {
      announce: await isListed(storage, did),
      lookup: true,
      flush: false,
    })
  }
  const leave = async (did: string): Promise<void> => {
    const topic = repoTopic(did)
    didOf.delete(toHex(topic.id))
    heads.delete(did)
    await Promise.all([forgetListed(storage, did), keepForOurselves(storage, did)])
    await networker.configure(topic, { announce: false, lookup: false })
  }

  const dids = (): string[] => [...didOf.values()]
  const didsOf = (topics: readonly Topic[]): string[] =>
    topics.flatMap((topic) => didOf.get(toHex(topic.id)) ?? [])

  /** A store is no member of topics: it is asked when it comes within reach, and now and then. */
  const meetStores = (): void => {
    for (const peer of connectedStores()) {
      if (clock.now() - (asked.get(peer) ?? -ROUND) < ROUND) continue
      asked.set(peer, clock.now())
      quietly(engine.meet(candidateOf(peer), dids()))
      notices.follow(peer, dids(), over)
    }
  }
  /** Tells the stores that keep a repo that it has changed; where its own server is silent they take it from us. */
  const tellStores = async (did: string, rev: string): Promise<void> => {
    const rows = await copyRows(storage, did)
    for (const peer of connectedStores()) {
      if (!rows.some((row) => row.peer === peer && row.rev !== undefined)) continue
      // One that refuses, or takes its time, is no reason for the others to wait.
      quietly(tellStore(peer, did, rev))
    }
  }
  const tellStore = async (peer: string, did: string, rev: string): Promise<void> => {
    await createStoreClient(running.node.net, timers, peer).keep(did, { rev, signal: over })
    await engine.meet(candidateOf(peer), [did])
  }

  const changed = async (did: string): Promise<void> => {
    const isKept =
      (await storage.get('repos', did)) !== undefined || (await partialsOf(storage, did)).length > 0
    const isJoined = didOf.has(toHex(repoTopic(did).id))
    if (!isKept) return isJoined ? leave(did) : undefined
    if (!isJoined) {
      await announce(did)
      for (const peer of connectedStores()) {
        quietly(engine.meet(candidateOf(peer), [did]))
        // Those that are met later are followed for all that is kept by then.
        notices.follow(peer, [did], over)
      }
    }
    const rev = (await headOf(storage, did))?.rev
    if (rev === undefined || heads.get(did) === rev) return
    heads.set(did, rev)
    notices.publish(did, rev)
    await tellStores(did, rev)
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
    changed: (did) => quietly(changed(did)),
    announce,
    askStores() {
      asked.clear()
      meetStores()
    },
    meetStores,
    dids,
    didsOf,
    stop: () => stopRound(),
  }
}
