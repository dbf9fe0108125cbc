import type { HeadsOf, Sha256 } from '../../core/hash.ts'
import { utf8 } from '../../core/bytes.ts'
import type { WalkSink, TreeRoot } from '../verify/walk-model.ts'
import { heightsOf } from './heights.ts'
import { encodeNode, parseNode } from './node.ts'
import { childDigest, keysOf, type TreeSource, valueOf } from './read.ts'
import { type Place, type StoredChild, type StoredNode, totals } from './stored.ts'

/** Sets a path to a record, or removes it. */
export interface TreeOp {
  readonly key: string
  readonly record: { readonly digest: Uint8Array; readonly place: Place } | undefined
}

interface Leaf {
  readonly key: string
  /** of the key, where they are at hand */
  readonly keyBytes?: Uint8Array | undefined
  readonly digest: Uint8Array
  readonly place: Place
}

/** A subtree: nothing, one that is stored and untouched, or one opened for change. */
type Link = undefined | Stored | Branch
interface Stored {
  readonly kind: 'stored'
  readonly digest: Uint8Array
  readonly child: StoredChild
}
interface Branch {
  readonly kind: 'branch'
  readonly layer: number
  readonly leaves: Leaf[]
  /** one more than leaves */
  readonly links: Link[]
}

export interface EditedTree {
  readonly digest: Uint8Array
  readonly root: TreeRoot
}

/**
 * Applies changes to a stored tree and gives the one tree that holds the result: a tree's shape depends
 * on its keys alone, so the digest proves the whole content when it equals a signed root.
 * Only nodes on changed paths are read, and only they are written (children first) to `sink`.
 */
export async function editTree(input: {
  readonly source: TreeSource
  readonly base: { readonly root: TreeRoot; readonly digest: Uint8Array } | undefined
  readonly ops: readonly TreeOp[]
  readonly sink: WalkSink
  readonly sha256: Sha256
  /** many hashes at a time, where the host can */
  readonly heads?: HeadsOf | undefined
}): Promise<EditedTree> {
  const { source, sha256, sink, base, ops } = input
  const root: Link = base && { kind: 'stored', digest: base.digest, child: base.root }
  const keys = ops.map(({ key }) => keyBytes(key))
  const heights = heightsOf(keys, sha256, input.heads)
  const edited = await runSteps(source, applyOps(root, base?.root.layer ?? 0, ops, keys, heights))
  return write(edited.root, edited.layer, sink, sha256, base)
}

function* applyOps(
  base: Link,
  baseLayer: number,
  ops: readonly TreeOp[],
  keys: readonly Uint8Array[],
  heights: Uint8Array,
): Steps<{ root: Link; layer: number }> {
  const tree = createEditor()
  let root = base
  let layer = baseLayer
  for (const [i, op] of ops.entries()) {
    const height = heights[i] ?? 0
    if (op.record === undefined) root = yield* tree.remove(root, layer, op.key, height)
    else {
      const { digest, place } = op.record
      const leaf: Leaf = { key: op.key, keyBytes: keys[i], digest, place }
      if (root === undefined) layer = height
      if (height > layer) {
        const [left, right] = yield* tree.split(root, layer, op.key)
        root = branch(height, [leaf], [raise(left, layer, height - 1), raise(right, layer, height - 1)])
        layer = height
      } else root = yield* tree.insert(root ?? branch(layer, [], [undefined]), layer, leaf, height)
    }
    while (root !== undefined) {
      const open: Branch = yield* tree.open(root, layer)
      if (open.leaves.length > 0) {
        root = open
        break
      }
      root = open.links[0]
      layer--
    }
  }
  return { root, layer }
}

function branch(layer: number, leaves: Leaf[], links: Link[]): Branch {
  return { kind: 'branch', layer, leaves, links }
}

/** A branch without leaves and without a subtree is nothing. */
function unlessEmpty(it: Branch): Link {
  return it.leaves.length === 0 && it.links[0] === undefined ? undefined : it
}

/** Wraps a subtree in empty nodes until it stands at layer `to`. */
function raise(link: Link, from: number, to: number): Link {
  let out = link
  for (let layer = from + 1; layer <= to && out !== undefined; layer++) out = branch(layer, [], [out])
  return out
}

/** Work that asks for stored nodes as it meets them: where all are open, it costs no turn of the event loop. */
type Steps<T> = Generator<StoredChild, T, StoredNode>

async function runSteps<T>(source: TreeSource, steps: Steps<T>): Promise<T> {
  let step = steps.next()
  while (step.done !== true) step = steps.next(await source.load(step.value))
  return step.value
}

function createEditor() {
  const open = function* (link: Stored | Branch, layer: number): Steps<Branch> {
    if (link.kind === 'branch') return link
    const { node, records, children } = yield link.child
    const leaves = keysOf(node).map((key, i) => {
      const place = records[i]
      if (place === undefined) throw new RangeError('a stored node lacks a place')
      return { key, digest: valueOf(node, i), place }
    })
    const links = children.map((child, i): Link => {
      const digest = childDigest(node, i)
      return child === undefined || digest === undefined ? undefined : { kind: 'stored', digest, child }
    })
    return branch(layer, leaves, links)
  }

  /** Number of leaves whose keys are below `key`. */
  const position = ({ leaves }: Branch, key: string): number => {
    let low = 0
    let high = leaves.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((leaves[middle]?.key ?? '') < key) low = middle + 1
      else high = middle
    }
    return low
  }

  const split = function* (link: Link, layer: number, key: string): Steps<[Link, Link]> {
    if (link === undefined) return [undefined, undefined]
    const it = yield* open(link, layer)
    const at = position(it, key)
    const [left, right] = yield* split(it.links[at], layer - 1, key)
    return [
      unlessEmpty(branch(layer, it.leaves.slice(0, at), [...it.links.slice(0, at), left])),
      unlessEmpty(branch(layer, it.leaves.slice(at), [right, ...it.links.slice(at + 1)])),
    ]
  }

  const join = function* (a: Link, b: Link, layer: number): Steps<Link> {
    if (a === undefined || b === undefined) return a ?? b
    const left = yield* open(a, layer)
    const right = yield* open(b, layer)
    const middle = yield* join(left.links.at(-1), right.links[0], layer - 1)
    return branch(
      layer,
      [...left.leaves, ...right.leaves],
      [...left.links.slice(0, -1), middle, ...right.links.slice(1)],
    )
  }

  /** Goes down in a loop: a call for each layer would cost more than all else that is done for a key. */
  const insert = function* (root: Stored | Branch, layer: number, leaf: Leaf, height: number): Steps<Branch> {
    const top = root.kind === 'branch' ? root : yield* open(root, layer)
    let it = top
    let at = position(it, leaf.key)
    while (it.layer > height) {
      const below: number = it.layer - 1
      const link = it.links[at]
      const next: Branch =
        link === undefined
          ? branch(below, [], [undefined])
          : link.kind === 'branch'
            ? link
            : yield* open(link, below)
      it.links[at] = next
      it = next
      at = position(it, leaf.key)
    }
    if (it.leaves[at]?.key === leaf.key) {
      it.leaves[at] = leaf
      return top
    }
    const [left, right] = yield* split(it.links[at], height - 1, leaf.key)
    it.leaves.splice(at, 0, leaf)
    it.links.splice(at, 1, left, right)
    return top
  }

  const remove = function* (link: Link, layer: number, key: string, height: number): Steps<Link> {
    if (link === undefined || height > layer) return link
    const it = yield* open(link, layer)
    const at = position(it, key)
    if (height < layer) it.links[at] = yield* remove(it.links[at], layer - 1, key, height)
    else if (it.leaves[at]?.key === key) {
      const joined = yield* join(it.links[at], it.links[at + 1], layer - 1)
      it.leaves.splice(at, 1)
      it.links.splice(at, 2, joined)
    }
    return unlessEmpty(it)
  }

  return { open, split, insert, remove }
}

function write(
  root: Link,
  layer: number,
  sink: WalkSink,
  sha256: Sha256,
  base: { readonly root: TreeRoot; readonly digest: Uint8Array } | undefined,
): EditedTree {
  const emit = (link: Stored | Branch): { digest: Uint8Array; child: StoredChild } => {
    if (link.kind === 'stored') return link
    const children = link.links.map((it) => (it === undefined ? undefined : emit(it)))
    const entries = link.leaves.map((leaf, i) => ({
      key: leaf.keyBytes ?? keyBytes(leaf.key),
      value: leaf.digest,
      right: children[i + 1]?.digest,
    }))
    const node = parseNode(encodeNode(children[0]?.digest, entries))
    const stored = {
      node,
      records: link.leaves.map((leaf) => leaf.place),
      children: children.map((it) => it?.child),
    }
    const digest = sha256(node.bytes)
    const place = sink.node(stored, digest, link.layer)
    return { digest, child: { ...place, ...totals(stored) } }
  }
  if (root?.kind === 'stored' && base !== undefined) return { digest: base.digest, root: base.root }
  const { digest, child } = emit(root ?? branch(0, [], [undefined]))
  return { digest, root: { ...child, layer: root === undefined ? 0 : layer } }
}

/** Keys are ASCII, and too short to be worth an encoder's call; one that is not will be refused elsewhere. */
function keyBytes(key: string): Uint8Array {
  const out = new Uint8Array(key.length)
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i)
    if (code > 0x7f) return utf8(key)
    out[i] = code
  }
  return out
}
