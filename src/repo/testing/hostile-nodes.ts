import { encode, toBytes } from '@atcute/cbor'
import type { TestBlock } from './car.ts'
import { CODEC_RAW } from './cid.ts'
import {
  asBytes,
  block,
  type HostileCase,
  link,
  pathsOnLayer,
  rawBytes,
  rawNode,
  signedCar,
  smallRecord,
} from './hostile-craft.ts'

const MALFORMED = 'repo.node-malformed'
const NOT_CANONICAL = 'repo.node-not-canonical'
const RECORD = smallRecord(0)

/** Nodes that are wrong in how they are written. */
export function hostileNodes(): HostileCase[] {
  const [a = ''] = pathsOnLayer(0, 1)
  const k = toBytes(asBytes(a))
  const v = link(RECORD.cid)
  const rawLink = link(Uint8Array.from(RECORD.cid, (byte, i) => (i === 1 ? CODEC_RAW : byte)))
  const shape = (value: unknown): Uint8Array<ArrayBuffer> => treeOf(block(encode(value).slice()))
  const entry = { k, p: 0, t: null, v }
  const sound = encode({ e: [entry], l: null }).slice()
  const bytes = (...parts: (number | string | Uint8Array)[]): Uint8Array<ArrayBuffer> =>
    treeOf(block(rawBytes(...parts)))
  const entryBytes = encode(entry).slice()
  return [
    { name: 'node with a field too many', code: MALFORMED, car: shape({ e: [entry], l: null, x: 1 }) },
    { name: 'node without l', code: MALFORMED, car: shape({ e: [entry] }) },
    { name: 'node without e', code: MALFORMED, car: shape({ l: null }) },
    { name: 'node whose e is a map', code: MALFORMED, car: shape({ e: {}, l: null }) },
    { name: 'node whose l is text', code: MALFORMED, car: shape({ e: [entry], l: 'left' }) },
    { name: 'node whose l has the raw codec', code: MALFORMED, car: shape({ e: [entry], l: rawLink }) },
    { name: 'node that is a list', code: MALFORMED, car: shape([entry]) },
    {
      name: 'node that is a record',
      code: MALFORMED,
      car: shape({ $type: 'app.bsky.feed.post', text: 'no node' }),
    },
    {
      name: 'entry with a field too many',
      code: MALFORMED,
      car: shape({ e: [{ ...entry, x: 1 }], l: null }),
    },
    { name: 'entry without t', code: MALFORMED, car: shape({ e: [{ k, p: 0, v }], l: null }) },
    { name: 'entry whose v is null', code: MALFORMED, car: shape({ e: [{ ...entry, v: null }], l: null }) },
    { name: 'entry whose k is text', code: MALFORMED, car: shape({ e: [{ ...entry, k: a }], l: null }) },
    { name: 'entry whose p is negative', code: MALFORMED, car: shape({ e: [{ ...entry, p: -1 }], l: null }) },
    { name: 'entry whose p is text', code: MALFORMED, car: shape({ e: [{ ...entry, p: '0' }], l: null }) },
    {
      name: 'record of the raw codec',
      code: 'repo.record-codec',
      car: signedCar(block(encode({ e: [{ ...entry, v: rawLink }], l: null }).slice()), [
        block(RECORD.bytes, CODEC_RAW),
      ]),
    },
    {
      name: 'node that is no CBOR',
      code: NOT_CANONICAL,
      alsoFine: [MALFORMED],
      car: bytes(0xff, 0xfe, 'no cbor at all'),
    },
    {
      name: 'node that ends early',
      code: NOT_CANONICAL,
      alsoFine: [MALFORMED],
      car: bytes(sound.subarray(0, sound.length - 10)),
    },
    { name: 'node with bytes after it', code: NOT_CANONICAL, alsoFine: [MALFORMED], car: bytes(sound, 0) },
    {
      name: 'node with l before e',
      code: NOT_CANONICAL,
      car: bytes(0xa2, 0x61, 'l', 0xf6, 0x61, 'e', 0x81, entryBytes),
    },
    {
      name: 'node with a long-form prefix',
      code: NOT_CANONICAL,
      car: bytes(0xa2, 0x61, 'e', 0x81, longFormPrefix(entryBytes), 0x61, 'l', 0xf6),
    },
    {
      name: 'node with a list of indefinite length',
      code: NOT_CANONICAL,
      car: bytes(0xa2, 0x61, 'e', 0x9f, entryBytes, 0xff, 0x61, 'l', 0xf6),
    },
    {
      name: 'node with a long-form list length',
      code: NOT_CANONICAL,
      car: bytes(0xa2, 0x61, 'e', 0x98, 1, entryBytes, 0x61, 'l', 0xf6),
    },
    {
      name: 'node that claims a million entries',
      code: NOT_CANONICAL,
      alsoFine: [MALFORMED],
      car: bytes(0xa2, 0x61, 'e', 0x9a, 0, 0x0f, 0x42, 0x40, entryBytes, 0x61, 'l', 0xf6),
    },
    {
      name: 'key that is not UTF-8',
      code: 'repo.path-invalid',
      car: treeOf(rawNode([{ p: 0, k: rawBytes(a, 0xc3, 0x28), v: RECORD.cid }])),
    },
  ]
}

/** A repo whose tree is this one node, with its record. */
function treeOf(root: TestBlock): Uint8Array<ArrayBuffer> {
  return signedCar(root, [RECORD])
}

/** The entry with its `p` of 0 written in two bytes. */
function longFormPrefix(entry: Uint8Array): Uint8Array {
  const p = entry.findIndex(
    (byte, i) => byte === 0x61 && entry[i + 1] === 0x70 && entry[i + 2] === 0x00 && entry[i + 3] === 0x61,
  )
  return rawBytes(entry.subarray(0, p + 2), 0x18, 0, entry.subarray(p + 3))
}
