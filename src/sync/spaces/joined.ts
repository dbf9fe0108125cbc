import type { Clock } from '../../core/clock.ts'
import { toHex } from '../../core/bytes.ts'
import { NetError } from '../../net/errors.ts'
import { formatSpaceRepo, parseSpaceRepo } from '../../repo/space/uri.ts'
import { createSpaceChunks, type SpaceChunks } from './chunks.ts'
import { createFollower, type Follower, type FollowerOptions } from './follower.ts'
import type { SpacePeer, SpaceReplica } from './model.ts'
import { ownSource } from './packs.ts'
import type { SpaceServing } from './serve-spaces.ts'

/** Peers of a space that are remembered when they are gone. */
const REMEMBERED = 256
/** What others wrote is handed to a store after this: mostly its author did by then, ms. */
const PASS_ON = 3000

export interface JoinedOptions extends Pick<
  FollowerOptions,
  'net' | 'timers' | 'clock' | 'random' | 'sha256' | 'token' | 'packLines'
> {
  readonly clock: Clock
  readonly replica: SpaceReplica
  readonly prove: NonNullable<SpaceReplica['prove']>
  readonly serving: SpaceServing
  readonly onChange: () => void
}

/** One space that is kept in step. */
export interface Joined {
  readonly replica: SpaceReplica
  readonly chunks: SpaceChunks
  /** Who is within reach now: linked devices, and stores. Others are remembered, and not asked. */
  setPeers(devices: readonly string[], stores: readonly string[]): void
  /** Connections came or went. */
  connectionsChanged(): void
  changed(): Promise<void>
  look(): Promise<void>
  /** A peer has news; undefined: some may have gone by unheard. */
  heard(peer: string, changed: { readonly repo: string; readonly rev?: string | undefined } | undefined): void
  refused(peer: string): void
  /** It proved to us that it is in the space: it knows more than when it last let us in, or did not. */
  proven(peer: string): void
  peers(): readonly SpacePeer[]
  /** those within reach that answered last time; nearer ones first */
  reachable(kind?: 'store'): readonly string[]
  sentRev(): string | undefined
  /** Resolves when nothing of it goes on any more. */
  close(): Promise<void>
}

interface Known {
  readonly follower: Follower
  readonly kind: 'device' | 'store'
  /** ends its events */
  over: AbortController
}

export function createJoined(options: JoinedOptions): Joined {
  const { net, timers, replica, serving } = options
  const { space, log } = replica
  const { channel } = serving
  const source = ownSource(replica, { sha256: options.sha256, gzip: serving.gzip })
  const chunks = createSpaceChunks({ net, timers, sha256: options.sha256, replica })
  const known = new Map<string, Known>()
  const closing = new Set<Promise<void>>()
  const passing = new Map<string, () => void>()
  let own = replica.device
  let toldRev: string | undefined
  let sent: string | undefined
  let toldLog = toHex(log.digest())
  let linked = new Set<string>()
  let isOver = false

  // The device whose repo this is, where nobody says it: the key by which it proves itself.
  const prove: typeof options.prove = async (challenge) => {
    const proof = await options.prove(challenge)
    if (replica.device === undefined) own = proof.key
    return proof
  }
  const ownRepo = (): string | undefined =>
    own === undefined ? undefined : formatSpaceRepo({ space, author: own })

  /** The newest own rev that another had: it stays so, whoever goes. */
  const noteSent = (): void => {
    const repo = ownRepo()
    if (repo === undefined) return
    for (const { follower } of known.values()) {
      const rev = follower.revOf(repo)
      if (rev !== undefined && rev > (sent ?? '')) sent = rev
    }
  }
  const onChange = (): void => {
    noteSent()
    options.onChange()
  }

  const moved = (from: string, repo: string): void => {
    const author = parseSpaceRepo(repo)?.author
    if (author !== undefined) replica.onMoved(author, from)
    // What cannot be read now is told by the next change.
    void serving.tell(space, repo).catch(() => {})
    for (const [peer, { kind, follower }] of known) {
      if (peer === from || kind === 'store') continue
      follower.moved(repo)
    }
    passOn(repo)
    onChange()
  }
  const passOn = (repo: string): void => {
    if (isOver || passing.has(repo) || ![...known.values()].some(({ kind }) => kind === 'store')) return
    passing.set(
      repo,
      timers.after(PASS_ON, () => {
        passing.delete(repo)
        for (const { kind, follower } of known.values()) if (kind === 'store') follower.moved(repo)
      }),
    )
  }

  const closeSoon = (follower: Follower): void => {
    const closed: Promise<void> = follower.close().finally(() => closing.delete(closed))
    closing.add(closed)
  }
  const meet = (peer: string, kind: 'device' | 'store'): Known => {
    const found = known.get(peer)
    if (found?.kind === kind) return found
    if (found !== undefined) closeSoon(found.follower)
    found?.over.abort(new NetError('net.cancelled'))
    const mine: Known = {
      kind,
      over: new AbortController(),
      follower: createFollower({
        ...{ ...options, prove, onChange },
        ...{ peer, kind, source, clientId: net.self, access: serving.access },
        taker: serving.takerOf(replica),
        onMoved: (repo) => moved(peer, repo),
        onMet: () => channel.follow(peer, space, mine.over.signal),
        onChange,
      }),
    }
    known.set(peer, mine)
    for (const [gone, { follower }] of known) {
      if (known.size <= REMEMBERED) break
      if (linked.has(gone) || gone === peer) continue
      closeSoon(follower)
      known.delete(gone)
    }
    return mine
  }
  const connectionsChanged = (): void => {
    const there = new Set(net.connections().map((it) => it.peer))
    for (const [peer, { follower }] of known) follower.setConnected(linked.has(peer) && there.has(peer))
  }
  const all = (run: (follower: Follower) => void): void => {
    for (const { follower } of known.values()) run(follower)
  }

  const logChanged = (): void => {
    const digest = toHex(log.digest())
    if (digest === toldLog) return
    toldLog = digest
    void serving.tell(space).catch(() => {})
    all((it) => it.logChanged())
    onChange()
  }
  const stopLog = log.onChange(logChanged)

  return {
    replica,
    chunks,
    setPeers(devices, stores) {
      linked = new Set([...devices, ...stores])
      for (const peer of devices) if (!stores.includes(peer)) meet(peer, 'device')
      for (const peer of stores) meet(peer, 'store')
      for (const [peer, it] of known) {
        if (linked.has(peer)) continue
        it.over.abort(new NetError('net.cancelled'))
        it.over = new AbortController()
      }
      connectionsChanged()
    },
    connectionsChanged,
    async changed() {
      logChanged()
      const repo = ownRepo()
      const rev = repo === undefined ? undefined : (await replica.repos.head(repo))?.rev
      if (isOver || repo === undefined || rev === undefined || rev === toldRev) return
      toldRev = rev
      channel.tell(space, { repo, rev })
      all((it) => it.moved(repo))
      onChange()
    },
    async look() {
      await Promise.all([...known.values()].map(({ follower }) => follower.look()))
    },
    heard(peer, changed) {
      const follower = known.get(peer)?.follower
      if (changed?.rev === undefined || changed.repo === space) void follower?.look()
      else follower?.hear(changed.repo, changed.rev)
    },
    proven: (peer) => known.get(peer)?.follower.proven(),
    refused: (peer) => known.get(peer)?.follower.refused(),
    peers: () => [...known.values()].map(({ follower }) => follower.state()),
    reachable(kind) {
      const direct = new Set(net.connections().flatMap((it) => (it.path === 'direct' ? [it.peer] : [])))
      const rank = (peer: string): number => (direct.has(peer) ? 0 : 1)
      return [...known.values()]
        .map(({ follower }) => follower.state())
        .filter((it) => it.connected && it.error === undefined && it.answeredAt !== undefined)
        .filter((it) => kind === undefined || it.kind === kind)
        .map(({ peer }) => peer)
        .sort((a, b) => rank(a) - rank(b))
    },
    sentRev() {
      noteSent()
      return sent
    },
    async close() {
      isOver = true
      stopLog()
      for (const stop of passing.values()) stop()
      for (const { follower, over } of known.values()) {
        over.abort(new NetError('net.cancelled'))
        closeSoon(follower)
      }
      chunks.close()
      await Promise.all(closing)
    },
  }
}
