import type {
  AnyReceived,
  EventMap,
  ListenOptions,
  TypedEvent,
  TypedEventTarget,
  TypedListener,
} from './model.ts'
import { allOf, topicOf, userTopic } from './topic.ts'
import { EventError } from './errors.ts'

export interface TopicTarget<M extends EventMap> {
  readonly target: TypedEventTarget<M>
  /** topics that have a listener */
  topics(): readonly string[]
  /** Tells listeners of the event's topic, and those of its whole type; true when there was one. */
  deliver(event: AnyReceived<M>): boolean
}

export interface TopicTargetOptions<M extends EventMap> {
  /** a topic has its first listener, or lost its last */
  readonly onFirst?: (topic: string) => void
  readonly onLast?: (topic: string) => void
  /** what dispatching does; delivers here when left out */
  readonly dispatch?: (event: AnyReceived<M>) => boolean
  /** a listener that throws keeps no other from hearing */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** Listeners by topic. */
export function createTopicTarget<M extends EventMap>(options: TopicTargetOptions<M> = {}): TopicTarget<M> {
  // Like the platform's own targets: the error of a listener is nobody's but the host's.
  const onError =
    options.onError ??
    ((error: unknown) =>
      queueMicrotask(() => {
        throw error
      }))
  const listeners = new Map<string, Map<NonNullable<TypedListener<M>>, () => void>>()

  const remove = (topic: string, listener: NonNullable<TypedListener<M>>): void => {
    const there = listeners.get(topic)
    const detach = there?.get(listener)
    if (there === undefined || detach === undefined) return
    there.delete(listener)
    detach()
    if (there.size > 0) return
    listeners.delete(topic)
    options.onLast?.(topic)
  }

  const deliver = (detail: AnyReceived<M>): boolean => {
    const { type, id } = detail as AnyReceived<EventMap>
    const event: TypedEvent<M> = new CustomEvent(topicOf(type, id), { detail })
    const heard = new Set(id === '' ? [allOf(type)] : [topicOf(type, id), allOf(type)])
    let any = false
    for (const topic of heard) {
      // A copy: a listener may take itself or another away.
      for (const listener of [...(listeners.get(topic)?.keys() ?? [])]) {
        if (listeners.get(topic)?.has(listener) !== true) continue
        any = true
        if (once.get(listener)?.has(topic) === true) remove(topic, listener)
        try {
          if (typeof listener === 'function') listener(event)
          else listener.handleEvent(event)
        } catch (error) {
          onError(error)
        }
      }
    }
    return any
  }
  const once = new WeakMap<NonNullable<TypedListener<M>>, Set<string>>()
  const dispatch = options.dispatch ?? deliver

  const target: TypedEventTarget<M> = {
    addEventListener(name: string, listener: TypedListener<M>, how?: boolean | ListenOptions) {
      if (listener === null) return
      const { topic } = userTopic(name)
      const { signal, once: single = false } = typeof how === 'object' ? how : {}
      if (signal?.aborted === true || listeners.get(topic)?.has(listener) === true) return
      const leave = (): void => remove(topic, listener)
      signal?.addEventListener('abort', leave, { once: true })
      if (single) once.set(listener, (once.get(listener) ?? new Set()).add(topic))
      const there = listeners.get(topic) ?? new Map<NonNullable<TypedListener<M>>, () => void>()
      const isFirst = there.size === 0
      there.set(listener, () => {
        signal?.removeEventListener('abort', leave)
        once.get(listener)?.delete(topic)
      })
      listeners.set(topic, there)
      if (isFirst) options.onFirst?.(topic)
    },
    removeEventListener(name: string, listener: TypedListener<M>) {
      if (listener !== null) remove(userTopic(name).topic, listener)
    },
    dispatchEvent(event: TypedEvent<M>) {
      // Every member of the map is an envelope; its own types say nothing here.
      const { type, id, payload } = event.detail as AnyReceived<EventMap>
      const { topic } = userTopic(event.type)
      if (topicOf(type, id) !== topic) throw new EventError('events.mismatch', { topic: event.type })
      // Only what may travel is passed on: who dispatches cannot say that a peer did.
      return dispatch({ type, id, payload } as AnyReceived<M>)
    },
  }
  return { target, topics: () => [...listeners.keys()], deliver }
}

/**
 * A target within this process.
 */
export function createLocalEventTarget<M extends EventMap>(
  options: { readonly onError?: (error: unknown) => void } = {},
): TypedEventTarget<M> {
  return createTopicTarget<M>(options).target
}
