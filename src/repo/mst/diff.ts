import type { MstNode } from './node.ts'
import { childDigest, keysOf, type TreeSource, valueOf } from './read.ts'
import type { Place, StoredChild } from './stored.ts'

/** One path whose value differs. `before` and `after` are 32-byte digests. */
export interface Difference {
  readonly key: string
  readonly before: Uint8Array | undefined
  readonly after: Uint8Array | undefined
  /** where each value is kept, for trees that are stored */
  readonly beforePlace: Place | undefined
  readonly afterPlace: Place | undefined
}

/** A value met on one side. */
interface Value {
  readonly digest: Uint8Array
  readonly place: Place | undefined
}

/** One side of a comparison, opened layer by layer. */
export interface Side {
  /** layer of the root; -1 when there is none */
  readonly layer: number
  readonly digest: Uint8Array
  /** Opens nodes by digest. Throws when one cannot be had. */
  open(
    nodes: readonly { readonly digest: Uint8Array; readonly child: StoredChild | undefined }[],
  ): Promise<readonly OpenNode[]>
  readonly rootChild: StoredChild | undefined
}

export interface OpenNode {
  readonly node: MstNode
  readonly records: readonly Place[] | undefined
  readonly children: readonly (StoredChild | undefined)[] | undefined
}

/**
 * The paths that differ between two trees, in key order. Equal nodes are never opened: a node's digest
 * fixes its layer and everything below it, so comparing layer by layer from the top, whatever both sides
 * hold is dropped on both. Cost is in proportion to the difference.
 */
export async function compare(before: Side, after: Side): Promise<Difference[]> {
  const old = new Map<string, Value>()
  const now = new Map<string, Value>()
  let left = new Map<string, Held>()
  let right = new Map<string, Held>()
  for (let layer = Math.max(before.layer, after.layer); layer >= 0; layer--) {
    if (layer === before.layer) hold(left, before.digest, before.rootChild)
    if (layer === after.layer) hold(right, after.digest, after.rootChild)
    for (const key of left.keys()) if (right.delete(key)) left.delete(key)
    const [openedLeft, openedRight] = await Promise.all([
      before.open([...left.values()]),
      after.open([...right.values()]),
    ])
    left = gather(openedLeft, old)
    right = gather(openedRight, now)
  }
  return merge(old, now)
}

interface Held {
  readonly digest: Uint8Array
  readonly child: StoredChild | undefined
}

function hold(into: Map<string, Held>, digest: Uint8Array, child: StoredChild | undefined): void {
  into.set(binary(digest), { digest, child })
}

/** Takes the entries of opened nodes; returns the children, the next layer's frontier. */
function gather(nodes: readonly OpenNode[], values: Map<string, Value>): Map<string, Held> {
  const next = new Map<string, Held>()
  for (const { node, records, children } of nodes) {
    keysOf(node).forEach((key, i) => values.set(key, { digest: valueOf(node, i), place: records?.[i] }))
    for (let i = 0; i <= node.count; i++) {
      const digest = childDigest(node, i)
      if (digest !== undefined) hold(next, digest, children?.[i])
    }
  }
  return next
}

function merge(old: ReadonlyMap<string, Value>, now: ReadonlyMap<string, Value>): Difference[] {
  const out: Difference[] = []
  for (const [key, was] of old) {
    const is = now.get(key)
    if (is !== undefined && binary(is.digest) === binary(was.digest)) continue
    out.push({ key, before: was.digest, after: is?.digest, beforePlace: was.place, afterPlace: is?.place })
  }
  for (const [key, is] of now) {
    if (old.has(key)) continue
    out.push({ key, before: undefined, after: is.digest, beforePlace: undefined, afterPlace: is.place })
  }
  return out.sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** Bytes as a Latin-1 string: a Map key without an encoding's cost. */
export function binary(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i] ?? 0)
  return text
}

/** A side that is wholly stored here. */
export function storedSide(
  source: TreeSource,
  root: (StoredChild & { layer: number }) | undefined,
  digest: Uint8Array,
): Side {
  return {
    layer: root?.layer ?? -1,
    digest,
    rootChild: root,
    async open(nodes) {
      const loads = nodes.map(({ child }) => {
        if (child === undefined) throw new Error('a stored tree lacks a place')
        return source.load(child)
      })
      return Promise.all(loads)
    },
  }
}
