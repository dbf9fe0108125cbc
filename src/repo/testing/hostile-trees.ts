import { encode, toBytes } from '@atcute/cbor'
import { carBytes, type TestBlock } from './car.ts'
import { CODEC_RAW } from './cid.ts'
import {
  asBytes,
  block,
  commitBlock,
  type HostileCase,
  type KeyedEntry,
  link,
  node,
  pathsOnLayer,
  rawBytes,
  rawNode,
  signedCar,
  smallRecord,
} from './hostile-craft.ts'

const ORDER = 'repo.key-order'
const EMPTY = 'repo.node-empty'
const MALFORMED = 'repo.node-malformed'
const NOT_CANONICAL = 'repo.node-not-canonical'

const RECORDS = Array.from({ length: 8 }, (_, i) => smallRecord(i))

/** Entries over these paths, each with a record of its own. */
function entries(...paths: readonly (string | undefined)[]): KeyedEntry[] {
  return paths.map((path, i) => ({ path: path ?? '', v: record(i).cid }))
}

function record(index: number): TestBlock {
  return RECORDS[index] ?? smallRecord(index)
}

/** A CAR whose tree is these nodes (root first), signed, with every record. */
function tree(root: TestBlock, ...below: readonly TestBlock[]): Uint8Array<ArrayBuffer> {
  return signedCar(root, [...below, ...RECORDS])
}

/** Trees that are wrong in what they say: order, compression, heights, layers, emptiness. */
export function hostileTrees(): HostileCase[] {
  const [a = '', b = '', c = '', d = ''] = pathsOnLayer(0, 4)
  const [high = ''] = pathsOnLayer(1, 1, 1000)
  const [higher = ''] = pathsOnLayer(2, 1, 1000)
  const [late = '', later = ''] = pathsOnLayer(0, 2, 200_000)
  const value = record(0).cid
  let shared = 0
  while (a[shared] === b[shared]) shared++
  const empty = node([])
  const leaf = node(entries(a, b))
  const parent = (left: TestBlock, path = high): TestBlock => node([{ path, v: record(5).cid }], left.cid)

  let chain = leaf
  const links: TestBlock[] = [leaf]
  for (let i = 0; i < 300; i++) {
    chain = node([], chain.cid)
    links.push(chain)
  }
  return [
    { name: 'keys out of order', code: ORDER, car: tree(node(entries(b, a, c))) },
    { name: 'a key twice', code: 'repo.key-duplicate', alsoFine: [ORDER], car: tree(node(entries(a, a, c))) },
    { name: 'a key twice, apart', code: ORDER, alsoFine: ['repo.key-duplicate'], car: tree(node(entries(a, b, a))) },
    {
      name: 'left child beyond its parent',
      code: ORDER,
      car: ((child) => tree(parent(child), child))(node(entries(late, later))),
    },
    {
      name: 'right child before its parent',
      code: ORDER,
      car: ((child) => tree(node([{ path: high, v: value, t: child.cid }]), child))(node(entries(a, b))),
    },
    {
      name: 'one subtree in two places',
      code: ORDER,
      alsoFine: ['repo.key-duplicate'],
      car: ((child) => tree(node([{ path: high, v: value, t: child.cid }], child.cid), child))(node(entries(a, b))),
    },
    {
      name: 'no prefix compression',
      code: 'repo.prefix-wrong',
      car: tree(rawNode([{ p: 0, k: a, v: value }, { p: 0, k: b, v: record(1).cid }])),
    },
    {
      name: 'prefix one shorter than it could be',
      code: 'repo.prefix-wrong',
      car: tree(rawNode([{ p: 0, k: a, v: value }, { p: shared - 1, k: b.slice(shared - 1), v: record(1).cid }])),
    },
    {
      name: 'prefix longer than the key before it',
      code: 'repo.prefix-wrong',
      car: tree(rawNode([{ p: 0, k: a, v: value }, { p: a.length + 1, k: 'z', v: record(1).cid }])),
    },
    {
      name: 'prefix of four thousand million',
      code: 'repo.prefix-wrong',
      alsoFine: [MALFORMED],
      car: tree(rawNode([{ p: 0, k: a, v: value }, { p: 2 ** 32 - 1, k: b, v: record(1).cid }])),
    },
    { name: 'prefix on the first key', code: 'repo.prefix-wrong', car: tree(rawNode([{ p: 3, k: a, v: value }])) },
    { name: 'a key among keys of a lower layer', code: 'repo.height-wrong', car: tree(node(entries(a, b, high))) },
    { name: 'a key among keys of a higher layer', code: 'repo.height-wrong', car: tree(node(entries(high, late))) },
    {
      name: 'a layer skipped',
      code: 'repo.layer-wrong',
      alsoFine: ['repo.height-wrong'],
      car: tree(parent(leaf, higher), leaf),
    },
    {
      name: "a child on its parent's layer",
      code: 'repo.layer-wrong',
      alsoFine: ['repo.height-wrong'],
      car: ((child) => tree(node([{ path: d, v: value }], child.cid), child))(node(entries(a, b))),
    },
    {
      name: 'a child above its parent',
      code: 'repo.layer-wrong',
      alsoFine: ['repo.height-wrong'],
      car: ((child) => tree(node([{ path: late, v: value }], child.cid), child))(node(entries(higher))),
    },
    { name: 'an empty node over an empty node', code: EMPTY, car: tree(node([], empty.cid), empty) },
    { name: 'an empty node as the root of a tree', code: EMPTY, car: tree(node([], leaf.cid), leaf) },
    { name: 'an empty leaf to the left', code: EMPTY, car: tree(parent(empty), empty) },
    {
      name: 'an empty leaf to the right',
      code: EMPTY,
      car: tree(node([{ path: high, v: value, t: empty.cid }]), empty),
    },
    {
      name: 'an empty leaf under an empty step',
      code: EMPTY,
      car: ((step) => tree(parent(step, higher), step, empty))(node([], empty.cid)),
    },
    {
      name: 'three hundred empty nodes in a row',
      code: 'repo.tree-too-deep',
      alsoFine: ['repo.layer-wrong', EMPTY],
      car: tree(parent(chain), ...links.reverse()),
    },
    { name: 'a record missing', code: 'repo.record-missing', car: signedCar(node(entries(a, b)), [record(0)]) },
    { name: 'a node missing', code: 'repo.node-missing', car: tree(parent(leaf)) },
    {
      name: 'the root node missing',
      code: 'repo.node-missing',
      car: ((commit) => carBytes([commit.cid], [commit, ...RECORDS]))(commitBlock(leaf.cid)),
    },
  ]
}

/** Nodes that are wrong in how they are written. */
export function hostileNodes(): HostileCase[] {
  const [a = ''] = pathsOnLayer(0, 1)
  const k = toBytes(asBytes(a))
  const v = link(record(0).cid)
  const rawLink = link(Uint8Array.from(record(0).cid, (byte, i) => (i === 1 ? CODEC_RAW : byte)))
  const shape = (value: unknown): Uint8Array<ArrayBuffer> => tree(block(encode(value).slice()))
  const entry = { k, p: 0, t: null, v }
  const sound = encode({ e: [entry], l: null }).slice()
  const bytes = (...parts: (number | string | Uint8Array)[]): Uint8Array<ArrayBuffer> => tree(block(rawBytes(...parts)))
  const entryBytes = encode(entry).slice()
  return [
    { name: 'node with a field too many', code: MALFORMED, car: shape({ e: [entry], l: null, x: 1 }) },
    { name: 'node without l', code: MALFORMED, car: shape({ e: [entry] }) },
    { name: 'node without e', code: MALFORMED, car: shape({ l: null }) },
    { name: 'node whose e is a map', code: MALFORMED, car: shape({ e: {}, l: null }) },
    { name: 'node whose l is text', code: MALFORMED, car: shape({ e: [entry], l: 'left' }) },
    { name: 'node whose l has the raw codec', code: MALFORMED, car: shape({ e: [entry], l: rawLink }) },
    { name: 'node that is a list', code: MALFORMED, car: shape([entry]) },
    { name: 'node that is a record', code: MALFORMED, car: shape({ $type: 'app.bsky.feed.post', text: 'no node' }) },
    { name: 'entry with a field too many', code: MALFORMED, car: shape({ e: [{ ...entry, x: 1 }], l: null }) },
    { name: 'entry without t', code: MALFORMED, car: shape({ e: [{ k, p: 0, v }], l: null }) },
    { name: 'entry whose v is null', code: MALFORMED, car: shape({ e: [{ ...entry, v: null }], l: null }) },
    { name: 'entry whose k is text', code: MALFORMED, car: shape({ e: [{ ...entry, k: a }], l: null }) },
    { name: 'entry whose p is negative', code: MALFORMED, car: shape({ e: [{ ...entry, p: -1 }], l: null }) },
    { name: 'entry whose p is text', code: MALFORMED, car: shape({ e: [{ ...entry, p: '0' }], l: null }) },
    {
      name: 'record of the raw codec',
      code: 'repo.record-codec',
      car: signedCar(block(encode({ e: [{ ...entry, v: rawLink }], l: null }).slice()), [
        block(record(0).bytes, CODEC_RAW),
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
      car: tree(rawNode([{ p: 0, k: rawBytes(a, 0xc3, 0x28), v: record(0).cid }])),
    },
  ]
}

/** The entry with its `p` of 0 written in two bytes. */
function longFormPrefix(entry: Uint8Array): Uint8Array {
  const p = entry.findIndex((byte, i) => byte === 0x61 && entry[i + 1] === 0x70 && entry[i + 2] === 0x00 && entry[i + 3] === 0x61)
  return rawBytes(entry.subarray(0, p + 2), 0x18, 0, entry.subarray(p + 3))
}
