import { hasCode, type CairnError } from '../../core/errors.ts'
import { toHex } from '../../core/bytes.ts'
import { NetError } from '../errors.ts'
import type { Topic } from '../topics.ts'
import { createBans } from './bans.ts'
import { createBook } from './book.ts'
import { withDeadline } from './deadline.ts'
import { createDialler } from './dialler.ts'
import { createEmitter } from './events.ts'
import { createExtensions } from './extensions.ts'
import { createJoined } from './joined.ts'
import { createKeeper } from './keeper.ts'
import { defaultLimits } from './limits.ts'
import type { Link } from './link-model.ts'
import { createLinks } from './links.ts'
import type { Networker, NetworkerEvents, NetworkerOptions, TopicInput } from './model.ts'
import { peerKey } from './peer-key.ts'
import { createReplicator } from './replicator.ts'
import { readTopic } from './topic-input.ts'
import { INSTANCE_BYTES, NETWORKER_PROTOCOL } from './wire.ts'

/**
 * Topics to peers, and what is shared replicated with each of them. Nothing is opened, served or timed
 * before `listen` or the first `configure`; nothing is left after `close`. The `Net`, the `Directory` and
 * the store stay their owners'.
 */
export function createNetworker(options: NetworkerOptions): Networker {
  const { net, directory, timers, clock } = options
  const { self } = net
  const limits = { ...defaultLimits, ...options.limits }
  const random = (): number => options.random() / 2 ** 32
  const randomBytes = (length: number): Uint8Array =>
    Uint8Array.from({ length }, () => options.random() & 0xff)
  const emitter = createEmitter<NetworkerEvents>()
  const closing = new AbortController()
  const isClosing = (): boolean => closing.signal.aborted
  const keeper = createKeeper(options.store, (error) => emitter.emit('store-error', { error }))
  const bans = createBans(keeper, clock, limits.bans)
  let listening: Promise<void> | undefined
  let ending: Promise<void> | undefined
  let unhandle = (): void => {}
  let unwatchNet = (): void => {}
  let online = true

  const replicator = createReplicator({
    replicate: options.replicate,
    timers,
    clock,
    random,
    limits,
    failed: (error, peer, topics, retryInMs) =>
      emitter.emit('replication-error', { error, peer: peer.id, topics, retryInMs }),
  })
  const links = createLinks({
    self,
    instance: randomBytes(INSTANCE_BYTES),
    timers,
    clock,
    limits,
    randomBytes,
    emitter,
    addressOf(link) {
      const all = net.connections().filter(({ peer }) => peer === link.id)
      return (all.find(({ path }) => path === link.stream.type) ?? all[0])?.address ?? ''
    },
    hooks: {
      topics: (peer) => visibleTo(peer),
      banned: bans.has,
      admit: async ({ id }) => (await options.authenticate?.(peerKey(id), id)) !== false,
      ready: (peer) => replicator.share(peer, peer.topics),
      changed(peer, { added, removed }) {
        replicator.unshare(peer, removed)
        replicator.share(peer, added)
      },
      extension: (peer, name, data) => extensions.receive(peer, name, data),
      moved: (before) => replicator.drop(before),
      closed: (link, finished, error) => onClosed(link, finished, error),
    },
  })
  const dialler = createDialler({ net, links, timers, limits, closing: closing.signal })
  const book = createBook({
    limits,
    timers,
    clock,
    random,
    linked: (peer) => links.current(peer) !== undefined,
    allowed: (peer) => !bans.has(peer),
    dial: dialler.dial,
  })
  const joined = createJoined({
    self,
    directory,
    timers,
    random,
    limits,
    emitter,
    keeper,
    book,
    settled: links.settled,
    changed() {
      if (!isClosing()) links.retell()
    },
    linked: (id) =>
      [...links.peers].filter(({ topics }) => topics.some((topic) => toHex(topic.id) === id)).length,
  })
  const extensions = createExtensions({
    limits,
    peers: links.peers,
    send: (peer, name, data) => links.inUse(peer.id)?.send({ type: 'extension', name, data }),
    failed: (error, peer) =>
      emitter.emit('replication-error', { error, peer: peer.id, topics: [], retryInMs: undefined }),
  })

  const visibleTo = (peer: string): ReadonlyMap<string, Topic> => {
    const { mayShare } = options
    if (mayShare === undefined) return joined.topics
    return new Map([...joined.topics].filter(([, topic]) => mayShare(peer, topic)))
  }
  const onClosed = (link: Link, finished: boolean, error: Error | undefined): void => {
    if (link.peer !== undefined) replicator.drop(link.peer)
    if (breaksProtocol(error, link.id)) {
      // What `add` gives does not reject.
      const from = clock.now()
      void bans.add({ peer: link.id, until: from + limits.banMs, reason: error.code, from })
      for (const other of links.all) if (other.id === link.id) other.part('refused')
    }
    // Another one has taken its place.
    if (links.current(link.id) !== undefined) return
    const result = dialler.resultOf(link)
    // One that was about to be used has cost the one before it, and nobody may have dialled.
    const wasChosen = link.number > 0
    if (finished || wasChosen || result === 'refused')
      book.lost(link.id, clock.now() - link.stream.since, result)
  }
  const onNetChange = (): void => {
    const now = net.connections().length > 0
    if (now && !online) {
      book.wake()
      joined.wake()
    }
    online = now
    dialler.upgrade()
  }
  const start = async (): Promise<void> => {
    unhandle = net.handle(NETWORKER_PROTOCOL, (stream) => links.accept(stream))
    online = net.connections().length > 0
    unwatchNet = net.onChange(onNetChange)
    const kept = await keeper.load()
    if (isClosing()) throw new NetError('net.closed')
    bans.restore(kept.bans)
    for (const { topic, ...settings } of kept.topics) joined.restore(topic, settings)
  }
  const listen = async (): Promise<void> => {
    if (isClosing()) throw new NetError('net.closed')
    await (listening ??= start())
    if (isClosing()) throw new NetError('net.closed')
  }
  const end = async (): Promise<void> => {
    unhandle()
    unwatchNet()
    closing.abort()
    extensions.close()
    const left = joined.close()
    book.close()
    replicator.close()
    await Promise.all([left, links.close()])
    const never = new AbortController().signal
    // What cannot be written in time is written again when it is next changed.
    await withDeadline(timers, limits.goodbyeMs, never, () => keeper.settled()).catch(() => {})
  }
  const idOf = (input: TopicInput): string => toHex(readTopic(input).id)

  return {
    addEventListener: emitter.addEventListener,
    removeEventListener: emitter.removeEventListener,
    self,
    peers: links.peers,
    streams: links.streams,
    listen,
    async configure(input, settings = {}) {
      const topic = readTopic(input)
      const cancelled = (): void => {
        if (settings.signal?.aborted === true)
          throw new NetError('net.cancelled', {}, { cause: settings.signal.reason })
      }
      cancelled()
      await listen()
      cancelled()
      await joined.configure(topic, settings)
    },
    joined: (input) => joined.topics.has(idOf(input)),
    flushed: (input) => joined.status(idOf(input))?.flushed ?? false,
    status: (input) => joined.status(idOf(input)),
    allStatuses: joined.all,
    registerExtension: extensions.register,
    async ban(peer, { until, reason = 'banned' } = {}) {
      const added = bans.add({ peer, until, reason })
      for (const link of links.all)
        if (link.id === peer) link.fail(new NetError('net.refused', { peer, reason }))
      // The connection may be gone already.
      await Promise.all([added, net.hangUp(peer).catch(() => {})])
    },
    unban: bans.remove,
    bans: bans.list,
    stats: () => ({
      topics: joined.topics.size,
      links: links.peers.size,
      processing: [...links.all].filter(({ state }) => state === 'processing').length,
      known: book.size,
      ...links.counts(),
      ...book.stats,
      ...replicator.stats,
    }),
    close: () => (ending ??= end()),
  }
}

/** The other side sent what the protocol does not allow. */
const breaksProtocol = (error: Error | undefined, peer: string): error is CairnError =>
  (hasCode(error, 'net.malformed') || hasCode(error, 'net.too-large')) && error.fields['peer'] === peer
