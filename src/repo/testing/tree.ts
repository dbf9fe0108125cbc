import { encode, toBytes } from '@atcute/cbor'
import { CidLinkWrapper } from '@atcute/cid'
import { sha256 } from '@noble/hashes/sha2.js'
import { cidOf } from './cid.ts'

/** What a tree is built from: paths in ascending order, each once. */
export interface TreeEntry {
  readonly path: string
  readonly cid: Uint8Array
}

export interface TreeNode {
  readonly cid: Uint8Array<ArrayBuffer>
  readonly bytes: Uint8Array<ArrayBuffer>
  /** layers above the leaves */
  readonly layer: number
  /** in key order: subtrees and entry indexes, as a reader walks them */
  readonly content: readonly (TreeNode | number)[]
}

const encoder = new TextEncoder()

/**
 * The layer of a key: leading zero bits of its SHA-256, in pairs
 * (https://atproto.com/specs/repository#mst-structure).
 */
export function keyLayer(path: string): number {
  const digest = sha256(encoder.encode(path))
  let pairs = 0
  for (const byte of digest) {
    if (byte === 0) {
      pairs += 4
      continue
    }
    return pairs + ((Math.clz32(byte) - 24) >> 1)
  }
  return pairs
}

/**
 * The tree over sorted entries, by the definition and nothing cleverer: a node of layer L holds the
 * keys of layer L in its span, and between each two of them the subtree of what lies between. Made to
 * be a second opinion on the product's trees, so it shares no code with them.
 */
export function buildTree(entries: readonly TreeEntry[]): TreeNode {
  const layers = new Uint8Array(entries.length)
  let top = 0
  for (let i = 0; i < entries.length; i++) {
    const layer = keyLayer(entryAt(entries, i).path)
    layers[i] = layer
    if (layer > top) top = layer
  }
  return build(entries, layers, 0, entries.length, top)
}

function build(
  entries: readonly TreeEntry[],
  layers: Uint8Array,
  from: number,
  to: number,
  layer: number,
): TreeNode {
  const content: (TreeNode | number)[] = []
  let start = from
  for (let i = from; i <= to; i++) {
    if (i < to && layers[i] !== layer) continue
    if (i > start) content.push(build(entries, layers, start, i, layer - 1))
    if (i < to) content.push(i)
    start = i + 1
  }
  const bytes = encodeNode(content, entries)
  return { cid: cidOf(bytes), bytes, layer, content }
}

function encodeNode(
  content: readonly (TreeNode | number)[],
  entries: readonly TreeEntry[],
): Uint8Array<ArrayBuffer> {
  let left: CidLinkWrapper | null = null
  const list: { k: ReturnType<typeof toBytes>; p: number; t: CidLinkWrapper | null; v: CidLinkWrapper }[] = []
  let previous = ''
  for (const item of content) {
    if (typeof item === 'number') {
      const { path, cid } = entryAt(entries, item)
      let shared = 0
      // ASCII by the rules of paths, so characters are bytes
      while (shared < previous.length && previous.charCodeAt(shared) === path.charCodeAt(shared)) shared++
      list.push({
        k: toBytes(encoder.encode(path.slice(shared))),
        p: shared,
        t: null,
        v: new CidLinkWrapper(cid),
      })
      previous = path
    } else {
      const last = list.at(-1)
      if (last === undefined) left = new CidLinkWrapper(item.cid)
      else last.t = new CidLinkWrapper(item.cid)
    }
  }
  return encode({ e: list, l: left }).slice()
}

function entryAt(entries: readonly TreeEntry[], index: number): TreeEntry {
  const entry = entries[index]
  if (entry === undefined) throw new RangeError(`no entry ${index}`)
  return entry
}

/** Every node under `root`, itself first, each before what is below it. */
export function* walkNodes(root: TreeNode): Generator<TreeNode> {
  yield root
  for (const item of root.content) if (typeof item !== 'number') yield* walkNodes(item)
}
