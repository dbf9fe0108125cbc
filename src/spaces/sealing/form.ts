import { concat, equalAt, utf8 } from '../../core/bytes.ts'
import { encodeParts, KEY_BYTES, type Parts } from '../crypto.ts'

/**
 * A sealed record and the parts of its derivation have one encoding each, in which only a few bytes differ from record
 * to record: ten thousand are opened before a space is seen, so these are read and written where they stand.
 */

const hex = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text.match(/../g) ?? [], (it) => Number.parseInt(it, 16))

// A map of four, by length of the names, then by their bytes; heads of byte strings of 32 bytes.
const BEFORE_SALT = concat([hex('a464'), utf8('salt'), hex('5820')])
const BEFORE_EPOCH = concat([
  hex('65'),
  utf8('$type'),
  hex('70'),
  utf8('app.cairn.sealed'),
  hex('65'),
  utf8('epoch'),
  hex('5820'),
])
const BEFORE_SEALED = concat([hex('66'), utf8('sealed')])
const SALT_AT = BEFORE_SALT.length
const EPOCH_AT = SALT_AT + KEY_BYTES + BEFORE_EPOCH.length
const HEAD_AT = EPOCH_AT + KEY_BYTES + BEFORE_SEALED.length

/** The parts of a sealed record by where they stand; undefined for bytes of any other form. */
export function readSealedForm(
  bytes: Uint8Array,
): { readonly epoch: Uint8Array; readonly salt: Uint8Array; readonly sealed: Uint8Array } | undefined {
  const isForm =
    stands(bytes, 0, BEFORE_SALT) &&
    stands(bytes, SALT_AT + KEY_BYTES, BEFORE_EPOCH) &&
    stands(bytes, EPOCH_AT + KEY_BYTES, BEFORE_SEALED)
  if (!isForm) return undefined
  const from = sealedFrom(bytes)
  if (from === undefined) return undefined
  return {
    epoch: new Uint8Array(bytes.subarray(EPOCH_AT, EPOCH_AT + KEY_BYTES)),
    salt: new Uint8Array(bytes.subarray(SALT_AT, SALT_AT + KEY_BYTES)),
    sealed: new Uint8Array(bytes.subarray(from)),
  }
}

const stands = (bytes: Uint8Array, at: number, part: Uint8Array): boolean =>
  equalAt(bytes, at, part, 0, part.length)

/** Where the last byte string begins, which must end with the bytes and have the shortest head. */
function sealedFrom(bytes: Uint8Array): number | undefined {
  const isLong = bytes[HEAD_AT] === 0x5a
  if (!isLong && bytes[HEAD_AT] !== 0x59) return undefined
  const from = HEAD_AT + (isLong ? 5 : 3)
  let length = 0
  // Bytes that are not there are of no length that would end with the record.
  for (let at = HEAD_AT + 1; at < from; at++) length = length * 256 + (bytes[at] ?? 0)
  return length > (isLong ? 0xffff : 0xff) && bytes.length === from + length ? from : undefined
}

/** Encodes lists of parts that begin alike and differ in their last ones, a byte string or text of fixed length each. */
export interface PartsForm {
  with(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer>
}

/** `before`: what they begin with. The two after it are byte strings of these lengths. */
export function partsForm(before: Parts, first: number, second: number): PartsForm {
  const sample = encodeParts([...before, new Uint8Array(first), new Uint8Array(second)])
  return fill(sample, sample.length - second - headOf(second) - first, first, second)
}

/** The same, where the last of `before` is text that begins with it and goes on with `first` ASCII characters. */
export function textForm(before: Parts, text: string, first: number, second: number): PartsForm {
  const sample = encodeParts([...before, `${text}${'a'.repeat(first)}`, new Uint8Array(second)])
  return fill(sample, sample.length - second - headOf(second) - first, first, second)
}

/** Bytes before a byte string of this length. */
const headOf = (length: number): number => (length < 24 ? 1 : 2)

function fill(sample: Uint8Array<ArrayBuffer>, at: number, first: number, second: number): PartsForm {
  return {
    with(one, other) {
      if (one.length !== first || other.length !== second) throw new RangeError('parts of another form')
      const bytes = new Uint8Array(sample)
      bytes.set(one, at)
      bytes.set(other, bytes.length - second)
      return bytes
    },
  }
}
