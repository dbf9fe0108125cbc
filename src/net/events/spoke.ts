import type { CairnError } from '../../core/errors.ts'
import type { ByteStream } from '../net.ts'
import { type CallOptions, type Calls, createCalls, type Operations } from './calls.ts'
import {
  controlOf,
  type Place,
  type RefusalReason,
  REFUSED,
  refusedShape,
  SUBSCRIBE,
  SUBSCRIBED,
  subscribedShape,
  UNSUBSCRIBE,
} from './control.ts'
import { EventError } from './errors.ts'
import { createLink, type Link, type Receiver } from './link.ts'
import { type ChannelOptions, type Envelope, type EventMap, type TypedEventTarget } from './model.ts'
import { REGISTER, type Registration } from './register.ts'
import { type OnRejected, receivedFrom, type Shapes } from './shapes.ts'
import { isCall, isControl, parseTopic, type Topic } from './topic.ts'
import { createTopicTarget } from './topic-target.ts'

/** Events of a topic that this spoke did not get: it was away, or was dropped because it did not read. */
export interface Gap extends Topic {
  /** the last number it had heard everything up to; undefined: the hub has begun to count anew */
  readonly after: number | undefined
  /** the number from which on it hears everything again */
  readonly until: number
}

export interface SpokeOptions<M extends EventMap> extends ChannelOptions {
  /** what the hub may call here */
  readonly operations?: Operations
  /** sent to the hub on connect; its operations are added */
  readonly register?: Omit<Registration, 'operations'>
  /** shapes of what the hub sends */
  readonly shapes?: Shapes<M>
  readonly onGap?: (gap: Gap) => void
  readonly onSubscribed?: (topic: Topic) => void
  /** the hub does not let this spoke hear a topic that it listens to */
  readonly onRefused?: (topic: Topic, reason: RefusalReason) => void
  readonly onRejected?: OnRejected
  readonly onError?: (error: unknown) => void
}

/**
 * A hub as its spoke sees it. The first listener of a topic subscribes to it there, the last one to leave ends
 * that. What is dispatched goes to the hub alone; listeners here hear what the hub sends.
 */
export interface SpokeEventTarget<M extends EventMap = EventMap> extends TypedEventTarget<M> {
  /** @throws CallError */
  call(operation: string, input: unknown, options?: CallOptions): Promise<unknown>
  /** Sends what waits, then ends. */
  close(): Promise<void>
}

/** A spoke of one stream. */
export interface StreamSpoke<M extends EventMap = EventMap> extends SpokeEventTarget<M> {
  /** peer id of the hub */
  readonly peer: string
  /** Resolves when the stream is over, with what broke it. */
  readonly ended: Promise<CairnError | undefined>
}

/** Listeners and what they have heard: outlives the links that serve it, one after another. */
export interface SpokeCore<M extends EventMap> {
  readonly target: TypedEventTarget<M>
  join(link: Link): Receiver & { readonly registered: Promise<void> }
  call: SpokeEventTarget<M>['call']
}

export function createSpokeCore<M extends EventMap>(options: SpokeOptions<M>, peer: string): SpokeCore<M> {
  const { host, operations = {} } = options
  let current: { readonly link: Link; readonly calls: Calls } | undefined
  /** up to where this link has brought everything; topics for which that is so */
  let heard: Place | undefined
  const acknowledged = new Set<string>()
  /** topics of earlier links, up to where they were heard */
  const resumed = new Map<string, Place>()

  const control = (type: string, payload: unknown): void => void current?.link.send({ type, id: '', payload })

  const { target, topics, deliver } = createTopicTarget<M>({
    onFirst: (topic) => control(SUBSCRIBE, { topic }),
    onLast(topic) {
      acknowledged.delete(topic)
      resumed.delete(topic)
      control(UNSUBSCRIBE, { topic })
    },
    dispatch: (event) => current?.link.send(event) ?? false,
    onError: options.onError,
  })

  const onSubscribed = (envelope: Envelope): void => {
    const { topic, hub, seq, missed } = controlOf(subscribedShape, envelope, peer)
    const parts = parseTopic(topic)
    if (parts === undefined || !topics().includes(topic)) return
    const before = resumed.get(topic)
    heard = { hub, seq: heard?.hub === hub ? Math.max(heard.seq, seq) : seq }
    acknowledged.add(topic)
    resumed.delete(topic)
    options.onSubscribed?.(parts)
    if (missed && before !== undefined)
      options.onGap?.({ ...parts, after: before.hub === hub ? before.seq : undefined, until: seq })
  }

  const receive = (calls: Calls, envelope: Envelope): void => {
    const { type, seq } = envelope
    if (type === SUBSCRIBED) onSubscribed(envelope)
    else if (type === REFUSED) {
      const { topic, reason } = controlOf(refusedShape, envelope, peer)
      const parts = parseTopic(topic)
      if (parts !== undefined) options.onRefused?.(parts, reason)
    } else if (isCall(type)) calls.take(envelope)
    else if (!isControl(type)) {
      if (heard !== undefined && seq !== undefined) heard = { hub: heard.hub, seq: Math.max(heard.seq, seq) }
      const received = receivedFrom<M>(envelope, peer, options.shapes, options.onRejected)
      if (received !== undefined) deliver(received)
    }
  }

  return {
    target,
    join(link) {
      const calls = createCalls({ peer, host, operations, limit: link.limits.calls, send: link.send })
      const registered = Promise.withResolvers<void>()
      // Whoever does not ask how it went need not hear of it.
      registered.promise.catch(() => {})
      return {
        registered: registered.promise,
        started() {
          current?.link.abort(new EventError('events.replaced', { peer }))
          current = { link, calls }
          const details: Registration = { ...options.register, operations: Object.keys(operations) }
          // Before the topics: the hub may want to know who asks.
          calls.call(REGISTER, details).then(() => registered.resolve(), registered.reject)
          for (const topic of topics()) {
            const after = resumed.get(topic)
            control(SUBSCRIBE, after === undefined ? { topic } : { topic, after })
          }
        },
        envelope: (envelope) => receive(calls, envelope),
        ended() {
          calls.end()
          if (current?.link !== link) return
          current = undefined
          if (heard !== undefined) for (const topic of acknowledged) resumed.set(topic, heard)
          acknowledged.clear()
          heard = undefined
        },
      }
    },
    async call(operation, input, how) {
      if (current === undefined) throw new EventError('events.not-connected', { peer })
      return current.calls.call(operation, input, how)
    },
  }
}

/**
 * The spoke of an open stream, for as long as it lasts. What comes back by itself is `keepSpoke`.
 */
export function createSpokeEventTarget<M extends EventMap = EventMap>(
  stream: ByteStream,
  options: SpokeOptions<M>,
): StreamSpoke<M> {
  const core = createSpokeCore<M>(options, stream.peer)
  const link = createLink(stream, options, core.join)
  return {
    ...core.target,
    peer: stream.peer,
    ended: link.ended,
    call: core.call,
    close: () => link.close(),
  }
}
