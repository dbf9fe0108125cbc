import { BytesWrapper, CidLinkWrapper, decode } from '@atcute/cbor'
import { parseCid } from '../core/cid.ts'
import { checkDagCbor, checkError } from './cbor/check.ts'
import { encodeDagCbor } from './cbor/encode.ts'
import { RepoError } from './errors.ts'

/** Records between their bytes and atproto's JSON. Spec: atproto "data model". */

/**
 * The value of DAG-CBOR bytes in atproto JSON form, made of plain objects and arrays that survive a
 * structured clone: links as `{ $link }`, byte strings as `{ $bytes }` (base64 without padding), blobs
 * as the objects they are. For showing: a map that was written with a text under `$link` looks the same
 * as a link, so what is kept and passed on is always the bytes. Any key becomes an own property, `__proto__` too. Throws the `repo.record-*`
 * error of what is wrong with the bytes.
 */
export function toJson(bytes: Uint8Array): unknown {
  const failure = checkDagCbor(bytes, 0, bytes.length)
  if (failure !== 0) throw checkError(failure, 0)
  return plain(decode(bytes))
}

/**
 * The bytes of a record given in atproto JSON form. Throws `repo.json-invalid` when it is no object,
 * or holds what the data model does not: floats, a `$type` that is no text, a malformed link, byte
 * string or blob.
 */
export function fromJson(value: unknown): Uint8Array<ArrayBuffer> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('not-an-object')
  const bytes = encodeDagCbor(value)
  // The encoder has bounded the nesting, so this recursion is bounded too.
  checkTypes(value)
  return bytes
}

/** The decoder's nesting is bounded by the check that ran before it. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof CidLinkWrapper) return { $link: value.$link }
  if (value instanceof BytesWrapper) return { $bytes: value.$bytes }
  if (Array.isArray(value)) return value.map(plain)
  const out = {}
  for (const [key, item] of Object.entries(value)) setOwn(out, key, plain(item))
  return out
}

/** Plain assignment to `__proto__` would change the object's nature instead of adding a property. */
function setOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
}

function checkTypes(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  if (Array.isArray(value)) {
    for (const item of value) checkTypes(item)
    return
  }
  const fields = new Map<string, unknown>(Object.entries(value))
  const type = fields.get('$type')
  if (fields.has('$type') && (typeof type !== 'string' || type === '')) throw invalid('$type')
  if (type === 'blob') checkBlob(fields)
  for (const item of fields.values()) checkTypes(item)
}

function checkBlob(fields: ReadonlyMap<string, unknown>): void {
  const ref = fields.get('ref')
  const link: unknown = typeof ref === 'object' && ref !== null && '$link' in ref ? ref.$link : undefined
  const size = fields.get('size')
  if (typeof link !== 'string' || parseCid(link) === undefined) throw invalid('blob')
  if (typeof fields.get('mimeType') !== 'string' || typeof size !== 'number' || size < 0)
    throw invalid('blob')
}

function invalid(reason: string): RepoError {
  return new RepoError('repo.json-invalid', { reason })
}
