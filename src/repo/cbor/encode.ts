import { compareBytes, utf8 } from '../../core/bytes.ts'
import { cidBytes, parseCid } from '../../core/cid.ts'
import { fromBase64, fromBase64Pad } from '@atcute/multibase'
import { RepoError } from '../errors.ts'
import { MAX_DEPTH } from './check.ts'

/**
 * Canonical DAG-CBOR of a value in atproto JSON form: `{ $link }` becomes a link, `{ $bytes }` or a
 * Uint8Array a byte string. Own, because the library's encoder refuses maps with a key `constructor`,
 * and a record may have any key. Throws `repo.json-invalid` for whatever the data model does not have:
 * floats, integers beyond ±(2^53 - 1), lone surrogates, undefined, deeper nesting than `MAX_DEPTH`.
 */
export function encodeDagCbor(value: unknown): Uint8Array<ArrayBuffer> {
  const out = createOutput()
  writeValue(out, value, MAX_DEPTH)
  return out.bytes.slice(0, out.length)
}

interface Output {
  bytes: Uint8Array<ArrayBuffer>
  length: number
}

function createOutput(): Output {
  return { bytes: new Uint8Array(1024), length: 0 }
}

/** Makes room for `count` more bytes. */
function reserve(out: Output, count: number): void {
  const needed = out.length + count
  if (needed <= out.bytes.length) return
  const grown = new Uint8Array(Math.max(needed, out.bytes.length * 2))
  grown.set(out.bytes.subarray(0, out.length))
  out.bytes = grown
}

function writeHead(out: Output, type: number, argument: number): void {
  reserve(out, 9)
  const bytes = out.bytes
  const lead = type << 5
  if (argument < 24) {
    bytes[out.length++] = lead | argument
    return
  }
  const size = argument < 0x100 ? 1 : argument < 0x10000 ? 2 : argument < 0x100000000 ? 4 : 8
  bytes[out.length++] = lead | (size === 1 ? 24 : size === 2 ? 25 : size === 4 ? 26 : 27)
  let rest = argument
  for (let i = size - 1; i >= 0; i--) {
    bytes[out.length + i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  out.length += size
}

function writeRaw(out: Output, type: number, bytes: Uint8Array): void {
  writeHead(out, type, bytes.length)
  reserve(out, bytes.length)
  out.bytes.set(bytes, out.length)
  out.length += bytes.length
}

function writeValue(out: Output, value: unknown, depth: number): void {
  if (typeof value === 'string') return writeText(out, value)
  if (typeof value === 'number') return writeInteger(out, value)
  if (value === null || typeof value === 'boolean') {
    reserve(out, 1)
    out.bytes[out.length++] = value === null ? 0xf6 : value ? 0xf5 : 0xf4
    return
  }
  if (value instanceof Uint8Array) return writeRaw(out, 2, value)
  if (typeof value !== 'object') throw invalid(typeof value)
  if (depth <= 0) throw invalid('depth')
  if (Array.isArray(value)) {
    writeHead(out, 4, value.length)
    for (const item of value) writeValue(out, item, depth - 1)
    return
  }
  writeObject(out, value, depth)
}

function writeText(out: Output, text: string): void {
  if (!text.isWellFormed()) throw invalid('surrogate')
  writeRaw(out, 3, utf8(text))
}

function writeInteger(out: Output, value: number): void {
  if (!Number.isSafeInteger(value)) throw invalid(Number.isInteger(value) ? 'integer-range' : 'float')
  if (value < 0) writeHead(out, 1, -1 - value)
  else writeHead(out, 0, value)
}

function writeObject(out: Output, value: object, depth: number): void {
  if (Object.hasOwn(value, '$link')) return writeLink(out, onlyText(value, '$link'))
  if (Object.hasOwn(value, '$bytes')) return writeBytes(out, onlyText(value, '$bytes'))
  const pairs: { key: Uint8Array; value: unknown }[] = []
  for (const [name, item] of Object.entries(value)) {
    if (!name.isWellFormed()) throw invalid('surrogate')
    pairs.push({ key: utf8(name), value: item })
  }
  pairs.sort((a, b) => a.key.length - b.key.length || compareBytes(a.key, b.key))
  writeHead(out, 5, pairs.length)
  for (const pair of pairs) {
    writeRaw(out, 3, pair.key)
    writeValue(out, pair.value, depth - 1)
  }
}

/** The text under the one key that such an object may have. */
function onlyText(value: object, name: string): string {
  const entries = Object.entries(value)
  const text: unknown = entries[0]?.[1]
  if (entries.length !== 1 || typeof text !== 'string') throw invalid(name)
  return text
}

function writeLink(out: Output, text: string): void {
  const cid = parseCid(text)
  if (cid === undefined) throw invalid('$link')
  const bytes = new Uint8Array(37)
  bytes.set(cidBytes(cid.codec, cid.digest), 1)
  writeHead(out, 6, 42)
  writeRaw(out, 2, bytes)
}

/** Standard base64; padding may be there or not (atproto "data model"). */
function writeBytes(out: Output, text: string): void {
  let bytes: Uint8Array
  try {
    bytes = text.endsWith('=') ? fromBase64Pad(text) : fromBase64(text)
  } catch (error) {
    throw invalid('$bytes', error)
  }
  writeRaw(out, 2, bytes)
}

function invalid(reason: string, cause?: unknown): RepoError {
  return new RepoError('repo.json-invalid', { reason }, cause === undefined ? undefined : { cause })
}
