import * as v from 'valibot'
import { NetError } from '../errors.ts'
import type { Envelope } from './model.ts'
import { isCall, isControl, parseTopic, type Topic } from './topic.ts'

// What the two sides of a channel say to one another about it. A side passes over what it does not know.
//
//   __hub          {}                                    the side that opened the stream is the hub of it
//   __subscribe    { topic, after?: { hub, seq } }       spoke: I listen now; I had heard everything up to there
//   __unsubscribe  { topic }                             spoke: my last listener is gone
//   __subscribed   { topic, hub, seq, missed }           hub: you hear what comes after `seq`
//   __refused      { topic, reason }                     hub: you may not, or have too many
//   __ping, __pong {}                                    either, after a silence

export const HUB = '__hub'
export const SUBSCRIBE = '__subscribe'
export const UNSUBSCRIBE = '__unsubscribe'
export const SUBSCRIBED = '__subscribed'
export const REFUSED = '__refused'

export type RefusalReason = 'denied' | 'limit' | 'name'

/** A place in what a hub has published: the hub's own name for this run of it, and its count. */
export interface Place {
  readonly hub: string
  readonly seq: number
}

const topic = v.string()
const hub = v.pipe(v.string(), v.maxLength(64))
const seq = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

export const subscribeShape = v.object({ topic, after: v.optional(v.object({ hub, seq })) })
export const unsubscribeShape = v.object({ topic })
export const subscribedShape = v.object({ topic, hub, seq, missed: v.boolean() })
export const refusedShape = v.object({ topic, reason: v.picklist(['denied', 'limit', 'name']) })

/** @throws NetError `net.malformed` ({ reason: 'control' }) */
export function controlOf<S extends v.GenericSchema>(
  shape: S,
  { payload }: Envelope,
  peer: string,
): v.InferOutput<S> {
  const result = v.safeParse(shape, payload)
  if (!result.success) throw new NetError('net.malformed', { peer, reason: 'control' })
  return result.output
}

/** A topic that users may listen to, as a peer wrote it; undefined for any other text. */
export function listenable(text: string): (Topic & { readonly topic: string }) | undefined {
  const parts = parseTopic(text)
  if (parts === undefined || isControl(parts.type) || isCall(parts.type)) return undefined
  return { ...parts, topic: `${parts.type}:${parts.id}` }
}
