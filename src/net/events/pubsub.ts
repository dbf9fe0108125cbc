import { EventError } from './errors.ts'
import type { AnyReceived, EventMap, Received, TypedEvent, TypedEventTarget, TypeOf } from './model.ts'
import { createLocalEventTarget } from './topic-target.ts'
import { topicOf, userTopic } from './topic.ts'

/** Events that wait for a subscriber in this process. */
const QUEUE = 1024

export interface SubscribeOptions {
  /** events that may wait; 1,024 when left out */
  readonly queue?: number
  /** ends the subscription, as the end of the sequence */
  readonly signal?: AbortSignal
}

/** Events by type and id, on whatever target carries them. */
export interface PubSub<M extends EventMap> {
  /**
   * True when the event was taken, false when there is no way for it now.
   *
   * @throws EventError `events.name`, `events.reserved`, `events.payload`, `events.too-large`
   */
  publish<T extends TypeOf<M>>(type: T, id: string, payload: M[T]): boolean
  /**
   * Events of a type about one id; about any, with ''. The listener is added with the first pull and removed
   * with `return`, which ends a pull that waits. A subscriber that lets too many wait is dropped: it gets those
   * that do, and then `events.slow-reader`.
   *
   * @throws EventError `events.name`, `events.reserved`
   */
  subscribe<T extends TypeOf<M>>(
    type: T,
    id: string,
    options?: SubscribeOptions,
  ): AsyncIterableIterator<Received<T, M[T]>>
}

export function createPubSub<M extends EventMap>({
  eventTarget = createLocalEventTarget<M>(),
}: { readonly eventTarget?: TypedEventTarget<M> } = {}): PubSub<M> {
  return {
    publish(type, id, payload) {
      const { topic } = userTopic(topicOf(type, id))
      // One type with its own payload is a member of the map's union.
      const detail = { type, id, payload } as Received as AnyReceived<M>
      return eventTarget.dispatchEvent(new CustomEvent(topic, { detail }))
    },
    subscribe<T extends TypeOf<M>>(type: T, id: string, options: SubscribeOptions = {}) {
      const { topic } = userTopic(topicOf(type, id))
      return listen<Received<T, M[T]>>((give) => {
        // Only events of this type come under its topic.
        const listener = ({ detail }: TypedEvent<M>): void => give(detail as Received as Received<T, M[T]>)
        eventTarget.addEventListener(topic, listener)
        return () => eventTarget.removeEventListener(topic, listener)
      }, options)
    },
  }
}

/** What `start` gives, one by one, from the first pull on. */
function listen<V>(
  start: (give: (value: V) => void) => () => void,
  { queue: room = QUEUE, signal }: SubscribeOptions,
): AsyncIterableIterator<V> {
  const queue: V[] = []
  const pulls: PromiseWithResolvers<IteratorResult<V>>[] = []
  let stop: (() => void) | undefined
  let failure: EventError | undefined
  let isOver = false

  const end = (error?: EventError): void => {
    if (isOver) return
    isOver = true
    failure = error
    stop?.()
    signal?.removeEventListener('abort', leave)
    for (const pull of pulls.splice(0)) pull.resolve({ done: true, value: undefined })
  }
  const leave = (): void => end()
  const give = (value: V): void => {
    const pull = pulls.shift()
    if (pull !== undefined) pull.resolve({ done: false, value })
    else if (queue.length < room) queue.push(value)
    else end(new EventError('events.slow-reader', { peer: undefined, queued: queue.length, limit: room }))
  }

  return {
    async next() {
      if (stop === undefined && !isOver) {
        if (signal?.aborted === true) end()
        else {
          signal?.addEventListener('abort', leave, { once: true })
          stop = start(give)
        }
      }
      if (queue.length > 0) return { done: false, value: queue.shift() as V } // just seen to be there
      if (failure !== undefined) {
        const error = failure
        failure = undefined
        throw error
      }
      if (isOver) return { done: true, value: undefined }
      const pull = Promise.withResolvers<IteratorResult<V>>()
      pulls.push(pull)
      return pull.promise
    },
    async return() {
      queue.length = 0
      end()
      failure = undefined
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
