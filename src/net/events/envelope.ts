import { fromUtf8Strict, utf8 } from '../../core/bytes.ts'
import { NetError } from '../errors.ts'
import { EventError } from './errors.ts'
import type { Envelope, EnvelopeForm } from './model.ts'
import { isId, isType, parseTopic } from './topic.ts'

/** Objects and arrays inside one another. Deeper is no event, and would cost whoever walks it their stack. */
const MAX_DEPTH = 32

/**
 * The JSON of an envelope: `{"type","id","payload"}`, or `{"type","detail"}` where the type is the topic. A
 * sequence number comes last. What is undefined is left out.
 *
 * @throws EventError `events.payload`
 */
export function encodeEnvelope(
  { type, id, payload, seq }: Envelope,
  form: EnvelopeForm,
): Uint8Array<ArrayBuffer> {
  const value =
    form === 'id'
      ? { type, id, payload, seq }
      : { type: id === '' ? type : `${type}:${id}`, detail: payload, seq }
  try {
    return utf8(JSON.stringify(value))
  } catch (error) {
    throw new EventError('events.payload', { type }, { cause: error })
  }
}

/**
 * The envelope in a frame, in either form. Other members are passed over: nothing that a message says of its
 * sender is taken.
 *
 * @throws NetError `net.malformed` ({ reason: 'utf8' | 'depth' | 'json' | 'envelope' })
 */
export function decodeEnvelope(frame: Uint8Array, peer: string): Envelope {
  const malformed = (reason: string): NetError => new NetError('net.malformed', { peer, reason })
  const text = fromUtf8Strict(frame)
  if (text === undefined) throw malformed('utf8')
  if (depthOf(text) > MAX_DEPTH) throw malformed('depth')
  const value = parse(text)
  if (value === undefined) throw malformed('json')
  const envelope = shaped(value)
  if (envelope === undefined) throw malformed('envelope')
  return envelope
}

function shaped(value: unknown): Envelope | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { type, id, payload, detail, seq } = value as Readonly<Record<string, unknown>>
  if (typeof type !== 'string') return undefined
  if (seq !== undefined && !(Number.isSafeInteger(seq) && Number(seq) >= 0)) return undefined
  const number = seq === undefined ? {} : { seq: Number(seq) }
  if (id !== undefined) {
    // A message in both forms at once could be read in two ways.
    if (typeof id !== 'string' || detail !== undefined || !isType(type) || !isId(id)) return undefined
    return { type, id, payload, ...number }
  }
  const topic = payload === undefined ? parseTopic(type) : undefined
  return topic === undefined ? undefined : { ...topic, payload: detail, ...number }
}

/** undefined, which no JSON is, where the text is none */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const [QUOTE, BACKSLASH, OPEN_LIST, OPEN_MAP, CLOSE_LIST, CLOSE_MAP] = [0x22, 0x5c, 0x5b, 0x7b, 0x5d, 0x7d]

/** How deep brackets go, those in strings left out; of text that is not JSON, some number. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (quoted) {
      if (code === BACKSLASH) at++
      else if (code === QUOTE) quoted = false
    } else if (code === QUOTE) quoted = true
    else if (code === OPEN_LIST || code === OPEN_MAP) deepest = Math.max(deepest, ++depth)
    else if (code === CLOSE_LIST || code === CLOSE_MAP) depth--
  }
  return deepest
}
