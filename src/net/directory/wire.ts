import * as v from 'valibot'
import { NetError, type NetErrorCode } from '../errors.ts'
import { MAX_LOOKUP, MAX_PEER_LENGTH, MAX_RECORD_BYTES, TOPIC_BYTES } from './limits.ts'

/*
 * Messages of `/cairn/directory/1.0.0`: DAG-CBOR maps, each behind its length. A device opens one stream to a
 * relay and keeps it; answers carry the id of their request and come in any order. A watch keeps its id and
 * is told of changes under it. `local` is set by relays that ask each other: only what you hold yourself.
 */

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
/** Bytes of any buffer; `instance` would narrow them to one kind. */
const bytes = (fits: (length: number) => boolean) =>
  v.custom<Uint8Array>((value) => value instanceof Uint8Array && fits(value.length))
const topic = bytes((length) => length === TOPIC_BYTES)
const record = bytes((length) => length <= MAX_RECORD_BYTES)
const peer = v.pipe(v.string(), v.maxLength(MAX_PEER_LENGTH))
const local = v.optional(v.boolean())

export const requestShape = v.variant('type', [
  v.object({
    type: v.literal('announce'),
    id,
    topic,
    record,
    /** how long to keep it at most, ms from its arrival */
    ttl: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  }),
  v.object({ type: v.literal('unannounce'), id, topic }),
  v.object({
    type: v.literal('lookup'),
    id,
    topic,
    limit: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
    local,
  }),
  v.object({ type: v.literal('find'), id, peer, local }),
  v.object({ type: v.literal('watch'), id, topic, local }),
  v.object({ type: v.literal('unwatch'), id, watch: id }),
  v.object({ type: v.literal('ping'), id }),
])

export type DirectoryRequest = v.InferOutput<typeof requestShape>

type WithoutId<T> = T extends unknown ? Omit<T, 'id'> : never
/** A request before the stream gave it its id. */
export type DirectoryQuestion = WithoutId<DirectoryRequest>

export const answerShape = v.variant('type', [
  v.object({ type: v.literal('ok'), id, records: v.pipe(v.array(record), v.maxLength(MAX_LOOKUP)) }),
  v.object({
    type: v.literal('error'),
    id,
    code: v.pipe(v.string(), v.maxLength(64)),
    reason: v.optional(v.pipe(v.string(), v.maxLength(64))),
    limit: v.optional(v.pipe(v.number(), v.safeInteger())),
  }),
  v.object({ type: v.literal('add'), id, record }),
  v.object({ type: v.literal('gone'), id, peer }),
])

export type DirectoryAnswer = v.InferOutput<typeof answerShape>

/** A refusal on its way to the other side: its code and what helps to understand it, no more. */
export function refusalOf(id: number, error: unknown): DirectoryAnswer {
  if (!(error instanceof NetError)) return { type: 'error', id, code: 'net.refused', reason: 'failed' }
  const { reason, what, limit } = error.fields
  const why = reason ?? what
  return {
    type: 'error',
    id,
    code: error.code,
    ...(typeof why === 'string' ? { reason: why } : {}),
    ...(typeof limit === 'number' ? { limit } : {}),
  }
}

/** What another side may say of a request; anything else is read as a plain no. */
const refusals: readonly NetErrorCode[] = ['net.refused', 'net.limit', 'net.record-invalid']

/** A refusal as it is thrown here. */
export function refusedBy(relay: string, answer: DirectoryAnswer & { readonly type: 'error' }): NetError {
  const code = refusals.find((known) => known === answer.code) ?? 'net.refused'
  return new NetError(code, {
    peer: relay,
    ...(answer.reason === undefined ? {} : { reason: answer.reason }),
    ...(answer.limit === undefined ? {} : { limit: answer.limit }),
  })
}
