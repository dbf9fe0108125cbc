import { carBytes, type TestBlock } from './car.ts'
import {
  commitBlock,
  type HostileCase,
  type KeyedEntry,
  node,
  pathsOnLayer,
  rawNode,
  signedCar,
  smallRecord,
} from './hostile-craft.ts'

const ORDER = 'repo.key-order'
const EMPTY = 'repo.node-empty'
const MALFORMED = 'repo.node-malformed'

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
    {
      name: 'a key twice, apart',
      code: ORDER,
      alsoFine: ['repo.key-duplicate'],
      car: tree(node(entries(a, b, a))),
    },
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
      car: ((child) => tree(node([{ path: high, v: value, t: child.cid }], child.cid), child))(
        node(entries(a, b)),
      ),
    },
    {
      name: 'no prefix compression',
      code: 'repo.prefix-wrong',
      car: tree(
        rawNode([
          { p: 0, k: a, v: value },
          { p: 0, k: b, v: record(1).cid },
        ]),
      ),
    },
    {
      name: 'prefix one shorter than it could be',
      code: 'repo.prefix-wrong',
      car: tree(
        rawNode([
          { p: 0, k: a, v: value },
          { p: shared - 1, k: b.slice(shared - 1), v: record(1).cid },
        ]),
      ),
    },
    {
      name: 'prefix longer than the key before it',
      code: 'repo.prefix-wrong',
      car: tree(
        rawNode([
          { p: 0, k: a, v: value },
          { p: a.length + 1, k: 'z', v: record(1).cid },
        ]),
      ),
    },
    {
      name: 'prefix of four thousand million',
      code: 'repo.prefix-wrong',
      alsoFine: [MALFORMED],
      car: tree(
        rawNode([
          { p: 0, k: a, v: value },
          { p: 2 ** 32 - 1, k: b, v: record(1).cid },
        ]),
      ),
    },
    {
      name: 'prefix on the first key',
      code: 'repo.prefix-wrong',
      car: tree(rawNode([{ p: 3, k: a, v: value }])),
    },
    {
      name: 'a key among keys of a lower layer',
      code: 'repo.height-wrong',
      car: tree(node(entries(a, b, high))),
    },
    {
      name: 'a key among keys of a higher layer',
      code: 'repo.height-wrong',
      car: tree(node(entries(high, late))),
    },
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
    {
      name: 'a record missing',
      code: 'repo.record-missing',
      car: signedCar(node(entries(a, b)), [record(0)]),
    },
    { name: 'a node missing', code: 'repo.node-missing', car: tree(parent(leaf)) },
    {
      name: 'the root node missing',
      code: 'repo.node-missing',
      car: ((commit) => carBytes([commit.cid], [commit, ...RECORDS]))(commitBlock(leaf.cid)),
    },
  ]
}
