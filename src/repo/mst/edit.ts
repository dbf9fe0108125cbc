import type { Sha256 } from '../../core/hash.ts'
import { utf8 } from '../../core/bytes.ts'
import type { WalkSink, TreeRoot } from '../verify/walk-model.ts'
import { heightOf } from './height.ts'
import { encodeNode, parseNode } from './node.ts'
import { below, childDigest, keysOf, type TreeSource, valueOf } from './read.ts'
import { type Place, type StoredChild, totals } from './stored.ts'

/** Sets a path to a record, or removes it. */
export interface TreeOp {
  readonly key: string
  readonly record: { readonly digest: Uint8Array; readonly place: Place } | undefined
}

interface Leaf {
  readonly key: string
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
}): Promise<EditedTree> {
  const { source, sha256, sink, base } = input
  const tree = createEditor(source)
  let root: Link = base === undefined ? undefined : { kind: 'stored', digest: base.digest, child: base.root }
  let layer = base?.root.layer ?? 0
  for (const op of input.ops) {
    const height = heightOf(sha256, utf8(op.key))
    if (op.record === undefined) root = await tree.remove(root, layer, op.key, height)
    else {
      const leaf = { key: op.key, ...op.record }
      if (root === undefined) layer = height
      if (height > layer) {
        const [left, right] = await tree.split(root, layer, op.key)
        root = branch(height, [leaf], [raise(left, layer, height - 1), raise(right, layer, height - 1)])
        layer = height
      } else root = await tree.insert(root, layer, leaf, height)
    }
    while (root !== undefined) {
      const open: Branch = await tree.open(root, layer)
      if (open.leaves.length > 0) {
        root = open
        break
      }
      root = open.links[0]
      layer--
    }
  }
  return write(root, layer, sink, sha256, base)
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

function createEditor(source: TreeSource) {
  const open = async (link: Stored | Branch, layer: number): Promise<Branch> => {
    if (link.kind === 'branch') return link
    const { node, records, children } = await source.load(link.child)
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

  const position = (it: Branch, key: string): number =>
    below(
      it.leaves.map((leaf) => leaf.key),
      key,
    )

  const split = async (link: Link, layer: number, key: string): Promise<[Link, Link]> => {
    if (link === undefined) return [undefined, undefined]
    const it = await open(link, layer)
    const at = position(it, key)
    const [left, right] = await split(it.links[at], layer - 1, key)
    return [
      unlessEmpty(branch(layer, it.leaves.slice(0, at), [...it.links.slice(0, at), left])),
      unlessEmpty(branch(layer, it.leaves.slice(at), [right, ...it.links.slice(at + 1)])),
    ]
  }

  const join = async (a: Link, b: Link, layer: number): Promise<Link> => {
    if (a === undefined || b === undefined) return a ?? b
    const left = await open(a, layer)
    const right = await open(b, layer)
    const middle = await join(left.links.at(-1), right.links[0], layer - 1)
    return branch(
      layer,
      [...left.leaves, ...right.leaves],
      [...left.links.slice(0, -1), middle, ...right.links.slice(1)],
    )
  }

  const insert = async (link: Link, layer: number, leaf: Leaf, height: number): Promise<Branch> => {
    const it = link === undefined ? branch(layer, [], [undefined]) : await open(link, layer)
    const at = position(it, leaf.key)
    if (height < layer) {
      it.links[at] = await insert(it.links[at], layer - 1, leaf, height)
      return it
    }
    if (it.leaves[at]?.key === leaf.key) {
      it.leaves[at] = leaf
      return it
    }
    const [left, right] = await split(it.links[at], layer - 1, leaf.key)
    it.leaves.splice(at, 0, leaf)
    it.links.splice(at, 1, left, right)
    return it
  }

  const remove = async (link: Link, layer: number, key: string, height: number): Promise<Link> => {
    if (link === undefined || height > layer) return link
    const it = await open(link, layer)
    const at = position(it, key)
    if (height < layer) it.links[at] = await remove(it.links[at], layer - 1, key, height)
    else if (it.leaves[at]?.key === key) {
      const joined = await join(it.links[at], it.links[at + 1], layer - 1)
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
      key: utf8(leaf.key),
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
