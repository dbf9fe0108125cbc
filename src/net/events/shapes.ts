import * as v from 'valibot'
import { NetError } from '../errors.ts'
import type { AnyReceived, Envelope, EventMap, TypeOf } from './model.ts'

/** Shapes of payloads that come from peers. An event whose payload has another reaches no listener. */
export type Shapes<M extends EventMap> = { readonly [T in TypeOf<M>]?: v.GenericSchema<unknown, M[T]> }

/** Told of an event that was not passed on; `net.malformed` ({ reason: 'payload', type }). */
export type OnRejected = (error: NetError) => void

/** An envelope as listeners get it, its sender by the stream. Undefined: it is not of its shape. */
export function receivedFrom<M extends EventMap>(
  { type, id, payload, seq }: Envelope,
  peer: string,
  shapes: Shapes<M> | undefined,
  onRejected: OnRejected | undefined,
): AnyReceived<M> | undefined {
  const shape =
    shapes !== undefined && Object.hasOwn(shapes, type)
      ? (shapes as Readonly<Record<string, v.GenericSchema | undefined>>)[type]
      : undefined
  const result = shape === undefined ? undefined : v.safeParse(shape, payload)
  if (result?.success === false) {
    onRejected?.(new NetError('net.malformed', { peer, reason: 'payload', type }))
    return undefined
  }
  const received = {
    type,
    id,
    payload: result?.output ?? payload,
    peer,
    ...(seq === undefined ? {} : { seq }),
  }
  // Checked against the shape of its type where there is one; without one the map is only the sender's word.
  return received as AnyReceived<EventMap> as AnyReceived<M>
}
