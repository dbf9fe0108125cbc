import type { Timers } from '../../core/timers.ts'
import type { Clock } from '../../core/clock.ts'

/** Protocol of event channels: frames of `[u32 big-endian length][UTF-8 JSON]`, both ways, until the end. */
export const EVENTS_PROTOCOL = '/cairn/events/1.0.0'

/** Payload of each event type. Payloads are JSON. */
export type EventMap = Record<string, unknown>

/** Names of a map's events; the index signature of the loose map gives any text. */
export type TypeOf<M extends EventMap> = keyof M & string

/** An event as it travels. The id says what it is about; '' is about nothing in particular. */
export interface Envelope<T extends string = string, P = unknown> {
  readonly type: T
  readonly id: string
  readonly payload: P
  /** the hub's count of its events: only from a hub to its spokes */
  readonly seq?: number
}

/** An event as its listeners get it. */
export interface Received<T extends string = string, P = unknown> extends Envelope<T, P> {
  /** peer id of the stream that it came by, whatever the event says; undefined: made in this process */
  readonly peer?: string
}

/** Any event of a map. */
export type AnyReceived<M extends EventMap> = { [T in TypeOf<M>]: Received<T, M[T]> }[TypeOf<M>]

/** `type` is the topic, `<type>:<id>`; `detail` the envelope. */
export type TypedEvent<M extends EventMap = EventMap> = CustomEvent<AnyReceived<M>>

export type TypedListener<M extends EventMap = EventMap> =
  | ((event: TypedEvent<M>) => void)
  | { handleEvent(event: TypedEvent<M>): void }
  | null

/** `once` and `signal` count; nothing bubbles, so `capture` does not. */
export interface ListenOptions {
  readonly once?: boolean
  readonly signal?: AbortSignal
}

/**
 * An `EventTarget` whose event types are topics. A listener of `<type>:` hears every event of that type,
 * one of `<type>:<id>` those about that id.
 */
export interface TypedEventTarget<M extends EventMap = EventMap> extends EventTarget {
  addEventListener(topic: string, listener: TypedListener<M>, options?: boolean | ListenOptions): void
  removeEventListener(topic: string, listener: TypedListener<M>): void
  /**
   * True when the event was taken: heard here, or on its way to whoever subscribed; false when there is no
   * way for it now.
   *
   * @throws EventError `events.mismatch`, `events.name`, `events.reserved`, `events.payload`, `events.too-large`
   */
  dispatchEvent(event: TypedEvent<M>): boolean
}

/** What channels need of the place they run in. */
export interface EventHost {
  readonly timers: Timers
  readonly clock: Clock
  /** a random 32-bit number */
  readonly random: () => number
}

/** How an envelope is written; both are read. `id`: `{type,id,payload}`, `detail`: `{type,detail}`. */
export type EnvelopeForm = 'id' | 'detail'

export interface ChannelLimits {
  /** bytes of one frame's JSON */
  readonly frame: number
  /** bytes that wait for a peer that does not read */
  readonly queueBytes: number
  /** frames that wait for it */
  readonly queueFrames: number
  /** topics one spoke may subscribe to */
  readonly topics: number
  /** spokes of a hub at a time */
  readonly spokes: number
  /** calls of one peer that are being answered at a time */
  readonly calls: number
  /** ms without a frame after which the other side is asked for one */
  readonly idleMs: number
  /** ms that it then has */
  readonly answerMs: number
}

export const CHANNEL_LIMITS: ChannelLimits = {
  // An event says that something happened; what happened is fetched. It fits a WebRTC message, too.
  frame: 64 * 1024,
  queueBytes: 1024 * 1024,
  queueFrames: 4096,
  topics: 2048,
  spokes: 4096,
  calls: 32,
  // Below the minute or two after which proxies give up an idle connection.
  idleMs: 30_000,
  answerMs: 15_000,
}

export interface ChannelOptions {
  readonly host: EventHost
  readonly limits?: Partial<ChannelLimits>
  readonly form?: EnvelopeForm
}
