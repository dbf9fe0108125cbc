import { toHex } from '../core/bytes.ts'
import type { Sha256 } from '../core/hash.ts'
import { PackError } from './errors.ts'
import { hexText } from './hex-text.ts'
import { MAX_JSON_DEPTH } from './limits.ts'
import { createTextSink, type TextSink } from './text-sink.ts'

/**
 * The one JSON text of a value, that digests are over, in UTF-8: keys in the order of their UTF-16 units, no
 * spaces, numbers and escapes as ECMAScript writes them (RFC 8785). Beyond JSON: bytes are `{"bytesHex":"…"}`,
 * a Date its ISO text, a bigint its digits as text, undefined null.
 *
 * Throws `pack.value` for numbers that are not finite, other values, and more levels than JSON of a pack has.
 */
export function canonicalJson(value: unknown): Uint8Array<ArrayBuffer> {
  const sink = createTextSink()
  // A commit's digest wraps three levels around its rows.
  write(sink, value, MAX_JSON_DEPTH + 4)
  return sink.bytes()
}

function write(sink: TextSink, value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      return sink.text(JSON.stringify(value))
    case 'boolean':
      return sink.text(JSON.stringify(value))
    case 'number':
      if (!Number.isFinite(value)) throw new PackError('pack.value', { reason: 'number' })
      return sink.text(JSON.stringify(value))
    case 'undefined':
      return sink.text('null')
    case 'bigint':
      return sink.text(`"${value}"`)
    case 'object':
      return value === null ? sink.text('null') : writeObject(sink, value, depth)
    default:
      throw new PackError('pack.value', { reason: 'type' })
  }
}

function writeObject(sink: TextSink, value: object, depth: number): void {
  if (value instanceof Uint8Array) {
    return sink.text(`{"bytesHex":"${hexText(value)}"}`)
  }
  if (depth === 0) throw new PackError('pack.value', { reason: 'depth' })
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new PackError('pack.value', { reason: 'time' })
    return sink.text(`"${value.toISOString()}"`)
  }
  let mark = ''
  if (Array.isArray(value)) {
    sink.text('[')
    for (const item of value) {
      sink.text(mark)
      write(sink, item, depth - 1)
      mark = ','
    }
    return sink.text(']')
  }
  const record = value as Readonly<Record<string, unknown>> // any other object is read by its keys
  sink.text('{')
  const keys = Object.keys(record)
  // Without an order of one's own, `sort` compares UTF-16 units, whatever the locale.
  for (const key of keys.length > 1 ? keys.sort() : keys) {
    sink.text(`${mark}${JSON.stringify(key)}:`)
    write(sink, record[key], depth - 1)
    mark = ','
  }
  sink.text('}')
}

/** SHA-256 in lowercase hexadecimal. */
export function sha256Hex(bytes: Uint8Array, sha256: Sha256): string {
  return toHex(sha256(bytes))
}
