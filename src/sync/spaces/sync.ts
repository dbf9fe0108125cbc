import { toHex } from '../../core/bytes.ts'
import type { Clock } from '../../core/clock.ts'
import type { Sha256 } from '../../core/hash.ts'
import type { Timers } from '../../core/timers.ts'
import type { Net } from '../../net/net.ts'
import type { Networker } from '../../net/networker/model.ts'
import type { Storage } from '../../storage/port.ts'
import type { PackSource } from '../packs/model.ts'
import type { SpaceAccess } from './access.ts'
import { createSpaceDigests, type SpaceDigests } from './digests.ts'
import { SpaceSyncError } from './errors.ts'
import { forgetAtStores } from './forget.ts'
import { createJoined, type Joined } from './joined.ts'
import type { SpaceReplica, SpaceSync, SpaceTopic } from './model.ts'
import { createPackLines } from './pack-lines.ts'
import { serveSpaces } from './serve-spaces.ts'
import { createSpaceWords, type SpaceWords } from './words.ts'

/** How often everybody within reach is asked while nobody says that anything changed, ms. */
const ROUND = 10 * 60_000

export interface SpaceSyncOptions {
  readonly net: Net
  /** where answers to pushes are kept */
  readonly storage: Storage
  readonly sha256: Sha256
  readonly timers: Timers
  readonly clock: Clock
  /** 32-bit numbers fit for keys */
  readonly random: () => number
  /** finds devices by the topics of spaces, and links to them */
  readonly networker: Pick<Networker, 'configure' | 'peers' | 'addEventListener' | 'removeEventListener'>
  /** Peer ids of the stores that are to keep a space and can be reached; `storesChanged` tells when they are others. */
  readonly stores: (space: string) => readonly string[]
  /** what a store is told when it is asked to keep a space and takes in only with a token */
  readonly tokenFor?: (store: string) => string | undefined
  /** most bytes of one repo's records while it is taken in pages */
  readonly maxRepoBytes?: number
  readonly onFailure?: (event: string, error: unknown) => void
}

/** Spaces of this device, kept in step and given to those who may have them. */
export interface SpaceSyncNode extends SpaceSync {
  /** One of the sources of the node's pack handler. */
  readonly source: PackSource
  readonly access: SpaceAccess
  readonly digests: SpaceDigests
  /** For presence: words to those who are there now. */
  readonly words: SpaceWords
  /** Other stores can be reached, or are to keep a space. */
  storesChanged(): void
}

const isAnnounced = ({ announce = true }: SpaceTopic): boolean => announce

/** A replica must prove who it is: `join` throws RangeError for a store's. */
export function createSpaceSync(options: SpaceSyncOptions): SpaceSyncNode {
  const { net, networker, timers, clock, stores } = options
  const spaces = new Map<string, Joined>()
  const topicsOf = new Map<string, ReadonlyMap<string, SpaceTopic>>()
  const listeners = new Set<(space: string) => void>()
  const find = (space: string): SpaceReplica | undefined => spaces.get(space)?.replica

  const packLines = createPackLines(options)
  const words = createSpaceWords({
    say: (space, word) => serving.channel.say(space, word),
    access: { keyOf: (peer, space) => serving.access.keyOf(peer, space) },
    clock,
  })
  const serving = serveSpaces({
    ...options,
    find,
    onProven: (peer, space) => spaces.get(space)?.proven(peer),
    hear: {
      onNews: (peer, space, changed) => spaces.get(space)?.heard(peer, changed),
      onWord: words.heard,
      onRefused: (peer, space) => spaces.get(space)?.refused(peer),
    },
  })
  const stopServing = serving.start()

  const joinedOf = (space: string): Joined => {
    const joined = spaces.get(space)
    if (joined === undefined) throw new SpaceSyncError('space-sync.not-joined', { space })
    return joined
  }
  const changed = (space: string): void => {
    for (const listener of listeners) listener(space)
  }
  const meet = (space: string, joined: Joined): void => {
    const own = topicsOf.get(space)
    const devices = [...networker.peers].flatMap(({ id, topics }) =>
      topics.some((topic) => own?.has(toHex(topic.id))) ? [id] : [],
    )
    joined.setPeers(devices, stores(space))
  }
  const meetAll = (): void => {
    for (const [space, joined] of spaces) meet(space, joined)
  }
  /** Leaves topics that are old, takes up those that are new. What the network makes of it the networker tells. */
  const setTopics = (space: string, topics: readonly SpaceTopic[]): Promise<unknown> => {
    const before = topicsOf.get(space) ?? new Map<string, SpaceTopic>()
    const now = new Map(topics.map((topic) => [toHex(topic.id), topic]))
    if (now.size === 0) topicsOf.delete(space)
    else topicsOf.set(space, now)
    const left = [...before].filter(([id]) => !now.has(id))
    const added = [...now].filter(([id, topic]) => {
      const held = before.get(id)
      return held === undefined || isAnnounced(held) !== isAnnounced(topic)
    })
    return Promise.allSettled([
      ...left.map(([, topic]) => networker.configure(topic, { announce: false, lookup: false })),
      ...added.map(([, topic]) => networker.configure(topic, { announce: isAnnounced(topic), flush: false })),
    ])
  }

  const events = ['peer-add', 'peer-remove', 'peer-topics'] as const
  for (const event of events) networker.addEventListener(event, meetAll)
  const stopNet = net.onChange(() => {
    for (const joined of spaces.values()) joined.connectionsChanged()
  })
  let stopRound = (): void => {}
  const round = (): void => {
    stopRound = timers.after(ROUND, () => {
      // What fails is noted with the peer.
      for (const joined of spaces.values()) void joined.look()
      round()
    })
  }
  round()

  const leave = async (space: string): Promise<void> => {
    const joined = spaces.get(space)
    if (joined === undefined) return
    spaces.delete(space)
    const closed = joined.close()
    serving.access.forget(space)
    serving.channel.recheck(space)
    await Promise.all([closed, setTopics(space, [])])
  }

  return {
    source: serving.source,
    access: serving.access,
    digests: createSpaceDigests(find, serving.access),
    words,
    join(replica) {
      const { space, prove } = replica
      if (prove === undefined) throw new RangeError('a replica that proves nothing')
      // What it had under way ends by itself, and harms nothing.
      void spaces.get(space)?.close()
      const joined = createJoined({
        ...options,
        ...{ replica, serving, packLines, token: options.tokenFor },
        prove: (challenge) => prove.call(replica, challenge),
        onChange: () => changed(space),
      })
      spaces.set(space, joined)
      // Settles whatever the network makes of it.
      void setTopics(space, replica.topics())
      meet(space, joined)
    },
    leave,
    // What cannot be read now is told by the next change.
    changed: (space) =>
      void spaces
        .get(space)
        ?.changed()
        .catch(() => {}),
    topicsChanged(space) {
      const joined = spaces.get(space)
      if (joined === undefined) return
      void setTopics(space, joined.replica.topics())
      meet(space, joined)
    },
    look: (space) => joinedOf(space).look(),
    peers: (space) => spaces.get(space)?.peers() ?? [],
    sentRev: (space) => spaces.get(space)?.sentRev(),
    async fetchChunk(space, id, signal) {
      const joined = joinedOf(space)
      await joined.chunks.fetch(id, () => joined.reachable(), signal)
    },
    async pushChunks(space, ids, signal) {
      const joined = joinedOf(space)
      await joined.chunks.push(ids, joined.reachable('store'), signal)
    },
    async forgetAtStores({ space, prove }, signal) {
      if (prove === undefined) throw new RangeError('a replica that proves nothing')
      const { random } = options
      return forgetAtStores(net, stores(space), { space, prove }, { timers, random, signal })
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    storesChanged: meetAll,
    async close() {
      stopRound()
      stopNet()
      stopServing()
      for (const event of events) networker.removeEventListener(event, meetAll)
      const closed = [...spaces.values()].map((it) => it.close())
      spaces.clear()
      await Promise.all([...closed, serving.close()])
    },
  }
}
