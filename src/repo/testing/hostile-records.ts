import { encode } from '@atcute/cbor'
import type { TestBlock } from './car.ts'
import { CODEC_RAW } from './cid.ts'
import {
  asBytes,
  block,
  type HostileCase,
  link,
  oneRecordCar,
  rawBytes,
  smallRecord,
} from './hostile-craft.ts'

const INVALID = 'repo.path-invalid'
const FLOAT = 'repo.record-float'
const NOT_CANONICAL = 'repo.record-not-canonical'
const MALFORMED = 'repo.record-malformed'
const PATH = 'app.bsky.feed.post/3kaaaaaaaaa2a'

/** Paths that no repository may have, each the only one of a tree that is otherwise sound. */
export function hostilePaths(): HostileCase[] {
  const long = 'a'.repeat(64)
  const paths: readonly (readonly [name: string, path: Uint8Array | string])[] = [
    ['rkey ..', 'app.bsky.feed.post/..'],
    ['rkey .', 'app.bsky.feed.post/.'],
    ['path without a slash', 'app.bsky.feed.post'],
    ['path with two slashes', 'app.bsky.feed.post/a/b'],
    ['empty path', ''],
    ['only a slash', '/'],
    ['empty collection', '/abc'],
    ['empty rkey', 'app.bsky.feed.post/'],
    ['rkey of 513 characters', `app.bsky.feed.post/${'a'.repeat(513)}`],
    ['rkey with a space', 'app.bsky.feed.post/a b'],
    ['rkey with a hash sign', 'app.bsky.feed.post/a#b'],
    ['rkey with a percent sign', 'app.bsky.feed.post/a%2Fb'],
    ['rkey beyond ASCII', 'app.bsky.feed.post/é'],
    ['rkey with a zero byte', rawBytes('app.bsky.feed.post/a', 0, 'b')],
    ['rkey with a newline', 'app.bsky.feed.post/a\n'],
    ['collection of one segment', 'post/abc'],
    ['collection of two segments', 'app.post/abc'],
    ['collection with an empty segment', 'app..feed.post/abc'],
    ['collection that ends in a dot', 'app.bsky.feed./abc'],
    ['collection that begins with a dot', '.app.bsky.post/abc'],
    ['collection with an underscore', 'app.bsky.feed_x.post/abc'],
    ['collection whose name begins with a digit', 'app.bsky.feed.3post/abc'],
    ['collection whose name has a hyphen', 'app.bsky.feed.po-st/abc'],
    ['collection whose segment begins with a hyphen', 'app.-bsky.feed.post/abc'],
    ['collection with a segment of 64', `app.${long}.post/abc`],
    ['collection of 318 characters', `${'abcde.'.repeat(53)}/abc`],
    ['path of 1,100 bytes', `${'abcde.'.repeat(50)}name/${'a'.repeat(800)}`],
  ]
  return paths.map(([name, path]) => ({ name, code: INVALID, car: oneRecordCar(path, smallRecord(0)) }))
}

/** Records that are not strict DAG-CBOR of the atproto data model. */
export function hostileRecords(): HostileCase[] {
  const type = rawBytes(0x65, '$type', 0x65, 'a.b.c')
  /** a map of `$type` and one more entry, whose key sorts after it */
  const withValue = (...value: (number | string | Uint8Array)[]): Uint8Array =>
    rawBytes(0xa2, type, 0x66, 'zvalue', ...value)
  const cases: readonly (readonly [
    name: string,
    code: string,
    bytes: Uint8Array,
    alsoFine?: readonly string[],
  ])[] = [
    ['a float', FLOAT, withValue(0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0)],
    ['a whole number as a float', FLOAT, withValue(0xfb, 0x40, 0, 0, 0, 0, 0, 0, 0)],
    ['a float of 32 bits', FLOAT, withValue(0xfa, 0x3f, 0xc0, 0, 0), [NOT_CANONICAL]],
    ['a float of 16 bits', FLOAT, withValue(0xf9, 0x3e, 0), [NOT_CANONICAL]],
    ['NaN', FLOAT, withValue(0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0)],
    ['infinity', FLOAT, withValue(0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0)],
    ['minus zero', FLOAT, withValue(0xfb, 0x80, 0, 0, 0, 0, 0, 0, 0)],
    [
      'a float deep inside',
      FLOAT,
      withValue(0x81, 0xa1, 0x61, 'x', 0x81, 0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0),
    ],
    ['map keys out of order', NOT_CANONICAL, rawBytes(0xa2, 0x66, 'zvalue', 1, type)],
    [
      'map keys in plain instead of length order',
      NOT_CANONICAL,
      rawBytes(0xa3, type, 0x62, 'aa', 1, 0x61, 'b', 1),
    ],
    [
      'a map key twice',
      NOT_CANONICAL,
      rawBytes(0xa3, type, 0x66, 'zvalue', 1, 0x66, 'zvalue', 1),
      [MALFORMED],
    ],
    ['an integer in long form', NOT_CANONICAL, withValue(0x18, 5)],
    ['an integer in longest form', NOT_CANONICAL, withValue(0x1b, 0, 0, 0, 0, 0, 0, 0, 5)],
    ['a negative integer in long form', NOT_CANONICAL, withValue(0x38, 5)],
    ['a text length in long form', NOT_CANONICAL, withValue(0x78, 1, 'x')],
    ['a list length in long form', NOT_CANONICAL, withValue(0x98, 0)],
    ['a map length in long form', NOT_CANONICAL, rawBytes(0xb8, 1, type)],
    ['text of indefinite length', NOT_CANONICAL, withValue(0x7f, 0x61, 'x', 0xff), [MALFORMED]],
    ['bytes of indefinite length', NOT_CANONICAL, withValue(0x5f, 0x41, 1, 0xff), [MALFORMED]],
    ['a list of indefinite length', NOT_CANONICAL, withValue(0x9f, 1, 0xff), [MALFORMED]],
    ['a map of indefinite length', NOT_CANONICAL, rawBytes(0xbf, type, 0xff), [MALFORMED]],
    [
      'a tag in long form',
      NOT_CANONICAL,
      withValue(0xd9, 0, 42, 0x58, 37, 0, smallRecord(1).cid),
      [MALFORMED],
    ],
    ['a tag other than 42', MALFORMED, withValue(0xc1, 0x1a, 0x60, 0, 0, 0), [NOT_CANONICAL]],
    ['a link without its zero byte', MALFORMED, withValue(0xd8, 42, 0x58, 36, smallRecord(1).cid)],
    ['a link that is text', MALFORMED, withValue(0xd8, 42, 0x63, 'baf')],
    ['an empty link', MALFORMED, withValue(0xd8, 42, 0x41, 0)],
    ['undefined', MALFORMED, withValue(0xf7), [NOT_CANONICAL]],
    ['a simple value of no meaning', MALFORMED, withValue(0xe0), [NOT_CANONICAL]],
    ['a stray break', MALFORMED, withValue(0xff), [NOT_CANONICAL]],
    ['true in two bytes', MALFORMED, withValue(0xf8, 0x15), [NOT_CANONICAL]],
    ['a number as a map key', MALFORMED, withValue(0xa1, 1, 1), [NOT_CANONICAL]],
    ['bytes as a map key', MALFORMED, withValue(0xa1, 0x41, 1, 1), [NOT_CANONICAL]],
    ['text that is not UTF-8', MALFORMED, withValue(0x62, 0xc3, 0x28)],
    ['text with a surrogate', MALFORMED, withValue(0x63, 0xed, 0xa0, 0x80)],
    ['text in overlong UTF-8', MALFORMED, withValue(0x62, 0xc0, 0xaf)],
    [
      'an integer of 64 bits',
      MALFORMED,
      withValue(0x1b, ...Array.from({ length: 8 }, () => 0xff)),
      [NOT_CANONICAL],
    ],
    ['a text longer than the record', MALFORMED, withValue(0x7a, 0x7f, 0xff, 0xff, 0xff, 'x')],
    ['a list that claims four thousand million', MALFORMED, withValue(0x9a, 0xff, 0xff, 0xff, 0xff, 1)],
    ['a record that ends early', MALFORMED, rawBytes(0xa2, type, 0x66, 'zval')],
    ['bytes after the record', MALFORMED, rawBytes(0xa1, type, 0), [NOT_CANONICAL]],
    ['two records in one block', MALFORMED, rawBytes(0xa1, type, 0xa1, type), [NOT_CANONICAL]],
    ['a record that is a list', MALFORMED, encode([1, 2])],
    ['a record that is text', MALFORMED, encode('hello')],
    ['a record that is null', MALFORMED, encode(null)],
    ['a record that is a link', MALFORMED, encode(link(smallRecord(1).cid))],
    [
      'a record that is JSON',
      MALFORMED,
      asBytes('{"$type":"app.bsky.feed.post","text":"hi"}'),
      [NOT_CANONICAL],
    ],
    ['a record of no bytes', MALFORMED, new Uint8Array(0), ['repo.car-frame']],
    ['lists nested 200 deep', 'repo.record-too-deep', withValue(nested(200))],
    ['lists nested 500,000 deep', 'repo.record-too-deep', withValue(nested(500_000))],
    ['maps nested 200 deep', 'repo.record-too-deep', withValue(nestedMaps(200))],
    [
      'a record of 1.1 MB',
      'repo.record-too-large',
      encode({ $type: 'a.b.c', text: 'x'.repeat(1_153_434) }),
      ['repo.block-too-large'],
    ],
  ]
  return [
    ...cases.map(([name, code, bytes, alsoFine]) => ({
      name,
      code,
      ...(alsoFine === undefined ? {} : { alsoFine }),
      car: oneRecordCar(PATH, block(bytes.slice())),
    })),
    {
      name: 'a record under the raw codec',
      code: 'repo.record-codec',
      car: oneRecordCar(PATH, rawRecord()),
    },
  ]
}

function rawRecord(): TestBlock {
  return block(encode({ $type: 'app.bsky.feed.post', text: 'raw' }).slice(), CODEC_RAW)
}

function nested(depth: number): Uint8Array {
  const out = new Uint8Array(depth + 1).fill(0x81)
  out[depth] = 0xf6
  return out
}

function nestedMaps(depth: number): Uint8Array {
  return rawBytes(...Array.from({ length: depth }, () => rawBytes(0xa1, 0x61, 'x')), 0xf6)
}
