import { fromHex } from '../../core/bytes.ts'
import { NetError } from '../errors.ts'
import { TOPIC_BYTES, type Topic } from '../topics.ts'
import type { TopicInput } from './model.ts'

/**
 * A topic as it was given, with its bytes copied.
 *
 * @throws NetError `net.malformed` ({ reason: 'topic' })
 */
export function readTopic(input: TopicInput): Topic {
  if (typeof input === 'string' || input instanceof Uint8Array) {
    const id = bytesOf(typeof input === 'string' ? fromHex(input) : input)
    return { id, secret: id }
  }
  return { id: bytesOf(input.id), secret: bytesOf(input.secret) }
}

function bytesOf(input: Uint8Array | undefined): Uint8Array {
  if (input?.length !== TOPIC_BYTES) throw new NetError('net.malformed', { reason: 'topic' })
  return new Uint8Array(input)
}
