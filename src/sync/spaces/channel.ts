import * as v from 'valibot'
import { isTid } from '../../core/syntax.ts'
import { createHubEventTarget } from '../../net/events/hub.ts'
import { keepSpoke } from '../../net/events/keep-spoke.ts'
import { type EventHost, EVENTS_PROTOCOL, type TypedEvent } from '../../net/events/model.ts'
import { createPubSub } from '../../net/events/pubsub.ts'
import { serveEvents } from '../../net/events/serve.ts'
import type { Shapes } from '../../net/events/shapes.ts'
import { parseTopic, topicOf } from '../../net/events/topic.ts'
import type { Net } from '../../net/net.ts'
import { type SpaceAccess, spaceOf } from './access.ts'

/**
 * Event channels (docs/event-channels.md) of spaces: the same wire under a name of its own. So who may no longer read a
 * space can be cut off without losing what it hears of public repos, and typing fills no queue that those wait in.
 */
const SPACE_EVENTS_PROTOCOL = '/cairn/space-events/1.0.0'

/** The id of each event is the space's URI. */
export type SpaceEvents = {
  /** a repo has a new head here; without `rev`, the space itself: its log grew */
  readonly 'repo.changed': SpaceChanged
  /** said to those who are there now, sealed by whoever said it */
  readonly 'space.word': string
}

export interface SpaceChanged {
  /** URI of a space repo, or of the space */
  readonly repo: string
  readonly rev?: string | undefined
}

const [CHANGED, WORD] = ['repo.changed', 'space.word'] as const
/** Characters of a word, so that its frame fits 64 KiB: what is longer is no word. */
const MAX_WORD = 65_000
/** A spoke may subscribe before its proof has come, over another stream, ms. */
const PROOF_WAIT = 2000

const shapes: Shapes<SpaceEvents> = {
  [CHANGED]: v.object({
    repo: v.pipe(v.string(), v.minLength(1), v.maxLength(2048)),
    rev: v.optional(v.pipe(v.string(), v.check(isTid))),
  }),
  [WORD]: v.pipe(v.string(), v.maxLength(MAX_WORD)),
}

export interface SpaceChannel {
  /** Tells those who follow the space here. */
  tell(space: string, changed: SpaceChanged): void
  /**
   * Says a word to those who follow the space here.
   *
   * @throws EventError `events.too-large`
   */
  say(space: string, word: string): void
  /** Hears of the space at a peer, until `signal` aborts; once more for one that refused before. */
  follow(peer: string, space: string, signal: AbortSignal): void
  /** Members changed, or time went by: whoever may not read the space (or any) any more hears nothing more. */
  recheck(space?: string): void
  close(): Promise<void>
}

export interface SpaceChannelOptions {
  readonly net: Net
  readonly host: EventHost
  readonly access: Pick<SpaceAccess, 'mayRead' | 'soonMayRead'>
  /** A peer has news, and which; undefined where some may have gone by unheard: it is to be asked. */
  readonly onNews?: (peer: string, space: string, changed: SpaceChanged | undefined) => void
  readonly onWord?: (peer: string, space: string, word: string) => void
  /** A peer does not let us follow a space: it does not know, or no longer, who we are. */
  readonly onRefused?: (peer: string, space: string) => void
}

interface Followed {
  readonly spaces: Map<string, { readonly stop: () => void; isHeard: boolean; isRefused: boolean }>
  readonly spoke: ReturnType<typeof keepSpoke<SpaceEvents>>
}

/** The channel of this node: the hub of those who follow spaces here, and a spoke at each peer that is followed. */
export function createSpaceChannel(options: SpaceChannelOptions): SpaceChannel {
  const { host, access, onNews = () => {}, onWord = () => {}, onRefused = () => {} } = options
  const net = renamed(options.net)
  const hub = createHubEventTarget<SpaceEvents>({
    host,
    shapes,
    authorize: async (peer, { type, id }) =>
      (type === CHANGED || type === WORD) && (await access.soonMayRead(peer, id, PROOF_WAIT)),
  })
  const { publish } = createPubSub({ eventTarget: hub })
  const stopServing = serveEvents({ net, hub, host })
  const followed = new Map<string, Followed>()
  const closing = new Set<Promise<void>>()

  const begin = (peer: string): Followed => {
    const spaces: Followed['spaces'] = new Map()
    const spoke = keepSpoke<SpaceEvents>({
      ...{ net, host, shapes },
      hub: peer,
      onGap: ({ id }) => onNews(peer, id, undefined),
      onSubscribed({ type, id }) {
        const entry = spaces.get(id)
        if (entry === undefined || type !== CHANGED || entry.isHeard) return
        entry.isHeard = true
        // What changed after it was asked and before it began to tell, nobody heard.
        onNews(peer, id, undefined)
      },
      onRefused({ type, id }) {
        const entry = spaces.get(id)
        if (entry === undefined || type !== CHANGED) return
        entry.isRefused = true
        onRefused(peer, id)
      },
    })
    return { spaces, spoke }
  }
  const end = (peer: string, { spoke }: Followed): void => {
    followed.delete(peer)
    const ended = spoke.close().catch(() => {})
    closing.add(ended)
    void ended.then(() => closing.delete(ended))
  }

  /** Listens to a space at a peer; what is heard counts only from one who proved to be in it. */
  const listen = (peer: string, space: string, { spoke }: Followed): (() => void) => {
    const listener = ({ detail }: TypedEvent<SpaceEvents>): void => {
      if (detail.peer === undefined || detail.id !== space || !access.mayRead(peer, space)) return
      if (detail.type === WORD) onWord(peer, space, detail.payload)
      else if (spaceOf(detail.payload.repo) === space) onNews(peer, space, detail.payload)
    }
    const topics = [topicOf(CHANGED, space), topicOf(WORD, space)]
    for (const topic of topics) spoke.addEventListener(topic, listener)
    return () => {
      for (const topic of topics) spoke.removeEventListener(topic, listener)
    }
  }

  return {
    tell: (space, { repo, rev }) => {
      publish(CHANGED, space, { repo, ...(rev === undefined ? {} : { rev }) })
    },
    say: (space, word) => {
      publish(WORD, space, word)
    },
    follow(peer, space, signal) {
      if (signal.aborted) return
      const entry = followed.get(peer) ?? begin(peer)
      followed.set(peer, entry)
      const before = entry.spaces.get(space)
      if (before !== undefined && !before.isRefused) return
      before?.stop()
      const unlisten = listen(peer, space, entry)
      const stop = (): void => {
        signal.removeEventListener('abort', leave)
        unlisten()
      }
      const leave = (): void => {
        stop()
        if (entry.spaces.get(space) === mine) entry.spaces.delete(space)
        if (entry.spaces.size === 0 && followed.get(peer) === entry) end(peer, entry)
      }
      const mine = { stop, isHeard: false, isRefused: false }
      entry.spaces.set(space, mine)
      signal.addEventListener('abort', leave, { once: true })
    },
    recheck(space) {
      for (const { peer, topics } of hub.spokes()) {
        const heard = new Set(topics.flatMap((it) => parseTopic(it)?.id ?? []))
        const ids = space === undefined ? [...heard] : [space].filter((it) => heard.has(it))
        if (ids.every((it) => access.mayRead(peer, it))) continue
        // It may come back for what it may still hear. Closing resolves whatever the peer does.
        void hub.disconnect(peer)
      }
    },
    async close() {
      stopServing()
      for (const [peer, entry] of [...followed]) end(peer, entry)
      await Promise.all([...closing, hub.close()])
    },
  }
}

/** The same network, on which event channels go by the name of spaces. */
const renamed = (net: Net): Net => {
  const nameOf = (protocol: string): string =>
    protocol === EVENTS_PROTOCOL ? SPACE_EVENTS_PROTOCOL : protocol
  return {
    self: net.self,
    addresses: () => net.addresses(),
    connections: () => net.connections(),
    open: (peer, protocol, open) => net.open(peer, nameOf(protocol), open),
    handle: (protocol, handler) => net.handle(nameOf(protocol), handler),
    hangUp: (peer) => net.hangUp(peer),
    onChange: (listener) => net.onChange(listener),
  }
}
