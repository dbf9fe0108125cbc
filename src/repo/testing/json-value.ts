import { toBase64 } from '@atcute/multibase'
import * as fc from 'fast-check'
import { cidString, CODEC_DAG_CBOR, CODEC_RAW } from '../../core/cid.ts'

const key = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', '', 'é', '\ufeff'),
)

const link = fc
  .tuple(fc.constantFrom(CODEC_DAG_CBOR, CODEC_RAW), fc.uint8Array({ minLength: 32, maxLength: 32 }))
  .map(([codec, digest]) => ({ $link: cidString(codec, digest) }))

const byteString = fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ $bytes: toBase64(bytes) }))

/** An object whose every key is an own property, `__proto__` too. */
function toObject(pairs: readonly (readonly [string, unknown])[]): object {
  const out = {}
  for (const [name, value] of pairs) {
    Object.defineProperty(out, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return out
}

/** Any value of the atproto data model, in JSON form. */
export const jsonValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.integer({ min: -300, max: 70_000 }),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      link,
      byteString,
    ),
    fc.array(tie('value'), { maxLength: 5 }),
    tie('map'),
  ),
  map: fc
    .uniqueArray(fc.tuple(key, tie('value')), { selector: ([name]) => name, maxLength: 6 })
    .map(toObject),
})).value

/** A map of the data model: what a record can be. */
export const jsonObject: fc.Arbitrary<object> = fc
  .uniqueArray(fc.tuple(key, jsonValue), { selector: ([name]) => name, maxLength: 6 })
  .map(toObject)
