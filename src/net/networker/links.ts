import { hasCode } from '../../core/errors.ts'
import { writeMessage } from '../messages.ts'
import type { ByteStream } from '../net.ts'
import { withDeadline } from './deadline.ts'
import type { TypedEmitter } from './events.ts'
import { createLink } from './link.ts'
import { type Link, type LinkContext, type LinkHooks, Parting } from './link-model.ts'
import type { NetworkerEvents, Peer, PeerStream } from './model.ts'
import { createNumbers } from './numbers.ts'
import type { Farewell } from './wire.ts'

/**
 * All links there are; at most one of them to a peer is in use. When a better one takes its place, that one is
 * used until the better is ready, so that the peer is within reach all the while.
 */
export interface Links {
  readonly peers: ReadonlySet<Peer>
  readonly streams: ReadonlySet<PeerStream>
  readonly all: ReadonlySet<Link>
  /** The link to a peer that is in use, or about to be. */
  current(peer: string): Link | undefined
  /** The link that messages to a peer go over. */
  inUse(peer: string): Link | undefined
  /** Room for one more besides so many that are on their way. */
  room(opening: number): boolean
  /** Serves a stream that a peer opened, to its end. */
  accept(stream: ByteStream): Promise<void>
  /** Takes over a stream that we opened. */
  adopt(stream: ByteStream): Link
  /** Resolves when the handshakes under way now have ended. */
  settled(): Promise<void>
  /** Tells every peer what is configured here now. */
  retell(): void
  counts(): { readonly opened: number; readonly processed: number; readonly dropped: number }
  close(): Promise<void>
}

export interface LinksInput extends Omit<LinkContext, 'hooks'> {
  readonly emitter: TypedEmitter<NetworkerEvents>
  readonly hooks: Pick<LinkHooks, 'topics' | 'changed' | 'extension'> & {
    /** Rejects, or gives false, to turn a peer away. */
    admit(link: Link): Promise<boolean>
    banned(peer: string): boolean
    ready(peer: Peer): void
    /** Another link to it has become ready: what goes on between us goes on under the new peer. */
    moved(before: Peer): void
    closed(link: Link, finishedHandshake: boolean, error: Error | undefined): void
  }
}

/** Handshakes that one peer may have under way at once: two that crossed each other, and one to spare. */
const ARRIVING_OF_ONE = 3

export function createLinks(input: LinksInput): Links {
  const { self, timers, limits, emitter, hooks } = input
  const all = new Set<Link>()
  const peers = new Set<Peer>()
  const streams = new Set<PeerStream>()
  const current = new Map<string, Link>()
  const inUse = new Map<string, Link>()
  const strangers = new Map<Peer, () => void>()
  const numbers = createNumbers(limits.known)
  const counts = { opened: 0, processed: 0, dropped: 0 }
  let refusing = 0
  let closed = false

  /** Who shares nothing is let go after a while. */
  const unwatchStranger = (peer: Peer): void => {
    strangers.get(peer)?.()
    strangers.delete(peer)
  }
  const watchStranger = (peer: Peer, link: Link): void => {
    if (peer.topics.length > 0) unwatchStranger(peer)
    else if (!strangers.has(peer))
      strangers.set(
        peer,
        timers.after(limits.strangerMs, () => link.part('stranger')),
      )
  }
  const choose = (link: Link, areLost: boolean): void => {
    const before = current.get(link.id)
    const used = inUse.get(link.id)
    current.set(link.id, link)
    if (before !== used) before?.part('replaced')
    // One to a session that is over, or that the other side has lost, is of no use to anyone.
    if (used !== undefined && (areLost || used.instance !== link.instance)) used.part('replaced')
  }

  const linkHooks: LinkHooks = {
    async admit(link) {
      if (hooks.banned(link.id)) throw new Parting('refused')
      const admitted = await hooks.admit(link).catch(() => false)
      if (!admitted) throw new Parting('refused')
    },
    // Of one that is in use here: nothing was lost, and a new one only crossed it.
    last: (peer) => (current.has(peer) ? 0 : numbers.last(peer)),
    choose(link, last) {
      const now = current.get(link.id)
      const areLost = now !== undefined && !link.stream.initiator && last >= now.number
      if (now !== undefined && !areLost && !isBetter(link, now)) throw new Parting('duplicate')
      const number = numbers.next(link.id)
      choose(link, areLost)
      return number
    },
    chosen(link) {
      numbers.set(link.id, link.number)
      choose(link, false)
    },
    topics: hooks.topics,
    ready(link, peer) {
      const before = inUse.get(link.id)
      inUse.set(link.id, link)
      if (before !== undefined) forget(before)
      peers.add(peer)
      streams.add(link.stream)
      counts.processed++
      watchStranger(peer, link)
      if (before?.peer !== undefined) emitter.emit('peer-remove', { peer: before.peer, error: undefined })
      // Here and below: a listener may have ended it.
      if (link.state === 'ready') emitter.emit('peer-add', { peer })
      emitter.emit('handshake', { stream: link.stream, peer })
      emitter.emit('stream-processed', { stream: link.stream })
      if (link.state === 'ready') hooks.ready(peer)
      if (before?.peer !== undefined) hooks.moved(before.peer)
      before?.retire()
    },
    isAwaited: (link) => inUse.get(link.id) === link && current.get(link.id) !== link,
    changed(peer, change) {
      const link = inUse.get(peer.id)
      if (link?.peer !== peer) return
      watchStranger(peer, link)
      hooks.changed(peer, change)
      emitter.emit('peer-topics', { peer, ...change })
    },
    // Whoever hears of it may answer, and does so over the link that is in use.
    extension: (peer, ...message) => hooks.extension(inUse.get(peer.id)?.peer ?? peer, ...message),
    closed(link, finishedHandshake, error) {
      const { peer, stream } = link
      all.delete(link)
      if (inUse.get(link.id) === link) inUse.delete(link.id)
      const used = inUse.get(link.id)
      if (current.get(link.id) !== link) {
        // Another one has been chosen.
      } else if (used === undefined) current.delete(link.id)
      else current.set(link.id, used)
      if (finishedHandshake && (hasCode(error, 'net.limit') || hasCode(error, 'net.timeout')))
        counts.dropped++
      if (!finishedHandshake) counts.processed++
      hooks.closed(link, finishedHandshake, error)
      if (forget(link) && peer !== undefined) emitter.emit('peer-remove', { peer, error })
      if (!finishedHandshake) emitter.emit('stream-processed', { stream })
      emitter.emit('stream-closed', { stream, finishedHandshake, error })
      if (error !== undefined)
        emitter.emit('replication-error', { error, peer: link.id, topics: [], retryInMs: undefined })
      // The other side had moved to this one already.
      if (used?.farewell !== undefined && current.get(link.id) === used) used.part('replaced')
    },
  }

  /** True when it was there. */
  const forget = ({ peer, stream }: Link): boolean => {
    streams.delete(stream)
    if (peer === undefined) return false
    unwatchStranger(peer)
    return peers.delete(peer)
  }
  const isBetter = (link: Link, now: Link): boolean =>
    // The other side was started anew: what it had is gone.
    link.instance !== now.instance || (link.stream.type === 'direct' && now.stream.type === 'relayed')

  const open = (stream: ByteStream, initiator: boolean): Link => {
    counts.opened++
    const link = createLink(stream, initiator, { ...input, hooks: linkHooks })
    all.add(link)
    emitter.emit('stream-opened', { stream: link.stream })
    return link
  }
  const processing = (): Link[] => [...all].filter((link) => link.state === 'processing')

  const refuse = async (stream: ByteStream, reason: Farewell): Promise<void> => {
    if (refusing >= limits.arriving) return stream.abort()
    refusing++
    try {
      await withDeadline(timers, limits.goodbyeMs, new AbortController().signal, async () => {
        await writeMessage(stream, { type: 'bye', reason })
        await stream.closeWrite()
        while ((await stream.read()) !== undefined);
      })
    } catch {
      stream.abort()
    }
    refusing--
  }
  /** Room for one more, if need be in the place of the longest linked peer that shares nothing. */
  const makeRoom = (): boolean => {
    if (all.size < limits.links) return true
    const stranger = [...peers].find((peer) => peer.topics.length === 0)
    if (stranger === undefined) return false
    inUse.get(stranger.id)?.part('full')
    return all.size < limits.links
  }

  return {
    peers,
    streams,
    all,
    current: (peer) => current.get(peer),
    inUse: (peer) => inUse.get(peer),
    room: (opening) => all.size + opening < limits.links,
    async accept(stream) {
      if (closed) return stream.abort()
      if (stream.peer === self) return refuse(stream, 'self')
      if (hooks.banned(stream.peer)) return refuse(stream, 'refused')
      const arriving = processing().filter((link) => !link.stream.initiator)
      const ofOne = arriving.filter((link) => link.id === stream.peer)
      if (arriving.length >= limits.arriving || ofOne.length >= ARRIVING_OF_ONE) return stream.abort()
      // A peer that is linked already takes no room: one of the two goes.
      if (!current.has(stream.peer) && !makeRoom()) return refuse(stream, 'full')
      await open(stream, false).done
    },
    adopt: (stream) => open(stream, true),
    async settled() {
      await Promise.all(processing().map((link) => link.processed))
    },
    retell() {
      for (const link of all) link.retell()
    },
    counts: () => counts,
    async close() {
      closed = true
      const ending = [...all]
      for (const link of ending) link.part('closed')
      await Promise.all(ending.map((link) => link.done))
    },
  }
}
