import type { CairnError } from '../../core/errors.ts'
import { NetError } from '../errors.ts'
import type { ByteStream, Net, OpenOptions } from '../net.ts'
import { type CallOptions, type Calls, createCalls, operation, type Operations } from './calls.ts'
import {
  controlOf,
  HUB,
  listenable,
  type RefusalReason,
  REFUSED,
  SUBSCRIBE,
  SUBSCRIBED,
  subscribeShape,
  UNSUBSCRIBE,
  unsubscribeShape,
} from './control.ts'
import { EventError } from './errors.ts'
import { createLatest } from './latest.ts'
import { createLink, type Link, type Receiver } from './link.ts'
import {
  type AnyReceived,
  CHANNEL_LIMITS,
  type ChannelOptions,
  type Envelope,
  type EventMap,
  EVENTS_PROTOCOL,
  type TypedEventTarget,
} from './model.ts'
import { REGISTER, type Registration, registrationShape } from './register.ts'
import { type OnRejected, receivedFrom, type Shapes } from './shapes.ts'
import { allOf, isCall, isControl, type Topic, topicOf } from './topic.ts'
import { createTopicTarget } from './topic-target.ts'

/** Topics whose last event a hub remembers, to tell those who come back whether they missed one. */
const REMEMBERED = 16_384

export interface SpokeStatus {
  readonly peer: string
  /** undefined until it registered */
  readonly registration: Registration | undefined
  /** ms since epoch */
  readonly since: number
  readonly heardAt: number
  readonly topics: readonly string[]
}

export interface HubOptions<M extends EventMap> extends ChannelOptions {
  /** Whether a peer may hear a topic; everybody may when left out. An empty id is the whole type. */
  readonly authorize?: (peer: string, topic: Topic) => boolean | Promise<boolean>
  /** what spokes may call, besides `hub.register` */
  readonly operations?: Operations
  /** shapes of what spokes send */
  readonly shapes?: Shapes<M>
  /**
   * What a spoke gets in place of an event: most often the event itself. Written once for all who get the same object.
   * `waiting`: bytes that were sent to it before and that it has not taken yet.
   */
  readonly adapt?: (
    event: AnyReceived<M>,
    to: { readonly peer: string; readonly waiting: number },
  ) => AnyReceived<M>
  readonly onConnect?: (peer: string) => void
  /** with what broke it: `events.slow-reader` for a spoke that did not read, `net.*` for what it sent or lost */
  readonly onDisconnect?: (peer: string, error: CairnError | undefined) => void
  readonly onRejected?: OnRejected
  readonly onError?: (error: unknown) => void
}

/**
 * Many spokes, one target. What is dispatched goes to the spokes that subscribed to its topic, each within its
 * own bounded queue; listeners here hear what spokes send. Nothing is passed from spoke to spoke: an event
 * speaks for the peer whose stream it came by, and for nobody else.
 */
export interface HubEventTarget<M extends EventMap = EventMap> extends TypedEventTarget<M> {
  /** Serves a spoke until its stream ends. Its newest stream takes over from an older one. */
  accept(stream: ByteStream): Promise<void>
  /** The same on a link that has begun: for who serves both roles on one protocol. */
  join(link: Link): Receiver
  /**
   * Reaches a spoke by its key, through a circuit where need be; it hears what it subscribes to, and can be
   * called. Nothing happens when it is here already.
   *
   * @throws NetError of `Net.open`
   */
  dial(net: Net, peer: string, options?: OpenOptions): Promise<void>
  /** @throws CallError, EventError `events.not-connected` */
  call(peer: string, operation: string, input: unknown, options?: CallOptions): Promise<unknown>
  spokes(): readonly SpokeStatus[]
  /** Whether a spoke has subscribed to this topic. */
  isHeard(topic: string): boolean
  /** Ends the stream of one spoke, or of all. */
  disconnect(peer: string): Promise<void>
  close(): Promise<void>
}

interface Spoke {
  readonly link: Link
  readonly calls: Calls
  readonly topics: Set<string>
  readonly since: number
  heardAt: number
  registration: Registration | undefined
}

export function createHubEventTarget<M extends EventMap = EventMap>(
  options: HubOptions<M>,
): HubEventTarget<M> {
  const { host } = options
  const limits = { ...CHANNEL_LIMITS, ...options.limits }
  const spokes = new Map<string, Spoke>()
  const readers = new Map<string, Set<Spoke>>()
  const latest = createLatest(REMEMBERED)
  const hub = Array.from({ length: 4 }, () => (host.random() >>> 0).toString(16).padStart(8, '0')).join('')
  let seq = 0
  let isClosed = false

  /** Each is written once, for all who get it. */
  const framesFor = (
    to: Iterable<Spoke>,
    event: AnyReceived<EventMap>,
    number: number,
  ): [Link, Uint8Array][] => {
    const written = new Map<object, Uint8Array>()
    return [...to].map(({ link }) => {
      // The events of a map are envelopes, whatever their payloads.
      const mine: Envelope = options.adapt?.(event as AnyReceived<M>, link) ?? event
      const frame =
        written.get(mine) ??
        link.frameOf({ type: mine.type, id: mine.id, payload: mine.payload, seq: number })
      written.set(mine, frame)
      return [link, frame]
    })
  }

  const dispatch = (event: AnyReceived<EventMap>): boolean => {
    const { type, id } = event
    const number = seq + 1
    const topics = new Set([topicOf(type, id), allOf(type)])
    const to = new Set<Spoke>()
    for (const topic of topics) for (const spoke of readers.get(topic) ?? []) to.add(spoke)
    // An event that no frame can carry takes no number.
    const frames = framesFor(to, event, number)
    seq = number
    for (const topic of topics) latest.note(topic, number)
    for (const [link, frame] of frames) link.sendFrame(frame)
    return true
  }
  const { target, deliver } = createTopicTarget<M>({
    dispatch,
    onError: options.onError,
  })

  const leave = (spoke: Spoke, topic: string): void => {
    spoke.topics.delete(topic)
    const there = readers.get(topic)
    there?.delete(spoke)
    if (there?.size === 0) readers.delete(topic)
  }

  const subscribe = async (spoke: Spoke, envelope: Envelope): Promise<void> => {
    const { peer, send } = spoke.link
    const asked = controlOf(subscribeShape, envelope, peer)
    const refuse = (reason: RefusalReason): void =>
      void send({ type: REFUSED, id: '', payload: { topic: asked.topic, reason } })
    const found = listenable(asked.topic)
    if (found === undefined) return refuse('name')
    const { topic, type, id } = found
    if (!spoke.topics.has(topic) && spoke.topics.size >= limits.topics) return refuse('limit')
    if (options.authorize !== undefined && !(await options.authorize(peer, { type, id }))) {
      leave(spoke, topic)
      return refuse('denied')
    }
    // It may have gone while it was asked about.
    if (spokes.get(peer) !== spoke) return
    spoke.topics.add(topic)
    readers.set(topic, (readers.get(topic) ?? new Set()).add(spoke))
    const { after } = asked
    const missed = after !== undefined && (after.hub !== hub || latest.cameAfter(topic, after.seq))
    send({ type: SUBSCRIBED, id: '', payload: { topic, hub, seq, missed } })
  }

  const receive = async (spoke: Spoke, envelope: Envelope): Promise<void> => {
    const { type } = envelope
    const { peer } = spoke.link
    spoke.heardAt = host.clock.now()
    if (type === SUBSCRIBE) await subscribe(spoke, envelope)
    else if (type === UNSUBSCRIBE) {
      const { topic } = controlOf(unsubscribeShape, envelope, peer)
      leave(spoke, listenable(topic)?.topic ?? topic)
    } else if (isCall(type)) spoke.calls.take(envelope)
    else if (!isControl(type)) {
      const { seq: _, ...event } = envelope
      const received = receivedFrom<M>(event, peer, options.shapes, options.onRejected)
      if (received !== undefined) deliver(received)
    }
  }

  const join = (link: Link): Receiver => {
    const { peer } = link
    const now = host.clock.now()
    const register = operation(registrationShape, (registration) => {
      spoke.registration = registration
      return { hub }
    })
    const operations = { ...options.operations, [REGISTER]: register }
    const calls = createCalls({ peer, host, operations, limit: limits.calls, send: link.send })
    const spoke: Spoke = { link, calls, topics: new Set(), since: now, heardAt: now, registration: undefined }
    let admitted = false
    return {
      started() {
        const older = spokes.get(peer)
        if (isClosed) return link.abort(new NetError('net.closed'))
        if (older === undefined && spokes.size >= limits.spokes)
          return link.abort(new NetError('net.limit', { what: 'spokes', limit: limits.spokes }))
        admitted = true
        spokes.set(peer, spoke)
        older?.link.abort(new EventError('events.replaced', { peer }))
        options.onConnect?.(peer)
      },
      envelope: (envelope) => receive(spoke, envelope),
      ended(error) {
        calls.end()
        for (const topic of spoke.topics) leave(spoke, topic)
        if (spokes.get(peer) === spoke) spokes.delete(peer)
        if (admitted) options.onDisconnect?.(peer, error)
      },
    }
  }

  const hubTarget: HubEventTarget<M> = {
    ...target,
    join,
    async accept(stream) {
      await createLink(stream, options, join).ended
    },
    async dial(net, peer, open) {
      if (spokes.has(peer)) return
      const stream = await net.open(peer, EVENTS_PROTOCOL, open)
      // Whoever opens a stream is its spoke, unless it says at once that it is the hub.
      createLink(stream, options, join).send({ type: HUB, id: '', payload: {} })
    },
    async call(peer, name, input, how) {
      const spoke = spokes.get(peer)
      if (spoke === undefined) throw new EventError('events.not-connected', { peer })
      return spoke.calls.call(name, input, how)
    },
    isHeard: (topic) => readers.has(topic),
    spokes: () =>
      [...spokes.values()].map(({ link, registration, since, heardAt, topics }) => {
        return { peer: link.peer, registration, since, heardAt, topics: [...topics] }
      }),
    async disconnect(peer) {
      await spokes.get(peer)?.link.close()
    },
    async close() {
      isClosed = true
      await Promise.all([...spokes.values()].map(({ link }) => link.close()))
    },
  }
  return hubTarget
}
