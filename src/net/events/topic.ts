import { EventError } from './errors.ts'

/** Characters of a type. */
const MAX_TYPE = 128
/** Characters of an id: the longest DID. */
const MAX_ID = 2048

/** Types of the protocol itself. They reach no listener. */
const RESERVED = '__'
/** Calls are answered by operations, not heard by listeners. */
const CALLS = 'call.'

export interface Topic {
  readonly type: string
  readonly id: string
}

/**
 * A type is 1 to 128 characters without `:`; an id is any text up to 2,048. So the first colon of a topic
 * ends its type, no two pairs share a topic, and ids may be DIDs.
 */
export const isType = (type: string): boolean =>
  type.length > 0 && type.length <= MAX_TYPE && !type.includes(':')
export const isId = (id: string): boolean => id.length <= MAX_ID

export const isControl = (type: string): boolean => type.startsWith(RESERVED)
export const isCall = (type: string): boolean => type.startsWith(CALLS)

/**
 * `<type>:<id>`.
 *
 * @throws EventError `events.name`
 */
export function topicOf(type: string, id: string): string {
  if (!isType(type)) throw new EventError('events.name', { type })
  if (!isId(id)) throw new EventError('events.name', { id })
  return `${type}:${id}`
}

/** The parts of a topic; a text without a colon is a type about nothing in particular. Undefined: no topic. */
export function parseTopic(topic: string): Topic | undefined {
  const colon = topic.indexOf(':')
  const type = colon < 0 ? topic : topic.slice(0, colon)
  const id = colon < 0 ? '' : topic.slice(colon + 1)
  return isType(type) && isId(id) ? { type, id } : undefined
}

/**
 * The topic in its one spelling, when users may listen to it or publish under it.
 *
 * @throws EventError `events.name`, `events.reserved`
 */
export function userTopic(topic: string): Topic & { readonly topic: string } {
  const parts = parseTopic(topic)
  if (parts === undefined) throw new EventError('events.name', { type: topic.slice(0, MAX_TYPE + 1) })
  if (isControl(parts.type) || isCall(parts.type))
    throw new EventError('events.reserved', { type: parts.type })
  return { ...parts, topic: `${parts.type}:${parts.id}` }
}

/** The topic under which every event of the type is heard. */
export const allOf = (type: string): string => `${type}:`
