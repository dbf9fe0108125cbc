import { RepoError } from '../errors.ts'
import { MAX_PATH_BYTES } from '../path.ts'
import { FIELDS, type MstNode, PREFIX, RIGHT, SUFFIX, SUFFIX_LENGTH, VALUE } from './node.ts'
import type { Place, StoredChild, StoredNode } from './stored.ts'

/** Where stored nodes are read from. */
export interface TreeSource {
  load(place: Place): Promise<StoredNode>
  /** The same for several, in their order, where they are had sooner together than one by one. */
  loadAll?(places: readonly Place[]): Promise<readonly StoredNode[]>
}

export interface TreeEntry {
  /** `collection/rkey` */
  readonly key: string
  /** 32 bytes; a view into the node */
  readonly digest: Uint8Array
  readonly place: Place
}

/**
 * Full keys of a node, in order. Proven keys are ASCII, so byte order is string order.
 * Lengths are bounded for nodes that are not proven: each key may repeat all of the one before it, and so
 * a megabyte of node could stand for gigabytes of keys.
 *
 * @throws RepoError `repo.prefix-wrong`, `repo.path-invalid`
 */
export function keysOf(node: MstNode): string[] {
  const keys: string[] = []
  let before = ''
  for (let i = 0; i < node.count; i++) {
    const at = i * FIELDS
    const from = node.fields[at + SUFFIX] ?? 0
    const to = from + (node.fields[at + SUFFIX_LENGTH] ?? 0)
    const prefix = node.fields[at + PREFIX] ?? 0
    if (prefix > before.length) throw new RepoError('repo.prefix-wrong')
    if (prefix + to - from > MAX_PATH_BYTES) throw new RepoError('repo.path-invalid')
    before = before.slice(0, prefix) + ascii(node.bytes, from, to)
    keys.push(before)
  }
  return keys
}

export function valueOf(node: MstNode, i: number): Uint8Array {
  const at = node.fields[i * FIELDS + VALUE] ?? 0
  return node.bytes.subarray(at, at + 32)
}

/** Where the digest of child i lies in the node's bytes (0 is left of the first entry), or -1. */
export function childAt(node: MstNode, i: number): number {
  return i === 0 ? node.left : (node.fields[(i - 1) * FIELDS + RIGHT] ?? -1)
}

/** Digest of child i, or undefined. */
export function childDigest(node: MstNode, i: number): Uint8Array | undefined {
  const at = childAt(node, i)
  return at < 0 ? undefined : node.bytes.subarray(at, at + 32)
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i] ?? 0)
  return text
}

/** Number of keys in a sorted list that are below `key`. */
export function below(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}

export interface Found {
  readonly entry: TreeEntry | undefined
  /** nodes from the root down to where the key is, or would be */
  readonly path: readonly StoredNode[]
}

/** Finds one key and the nodes on its path. */
export async function find(source: TreeSource, root: Place | undefined, key: string): Promise<Found> {
  const path: StoredNode[] = []
  let next = root
  while (next !== undefined) {
    const stored = await source.load(next)
    path.push(stored)
    const keys = keysOf(stored.node)
    const i = below(keys, key)
    const place = stored.records[i]
    if (keys[i] === key && place !== undefined) {
      return { entry: { key, digest: valueOf(stored.node, i), place }, path }
    }
    next = stored.children[i]
  }
  return { entry: undefined, path }
}

/**
 * Visits entries in key order (or backwards), from the entry with this rank on, until `each` returns
 * false. Subtrees that lie before the start are skipped by their counts, unread.
 */
export async function visit(
  source: TreeSource,
  root: StoredChild | undefined,
  from: { readonly skip: number; readonly reverse: boolean },
  each: (entry: TreeEntry) => boolean | undefined,
): Promise<void> {
  let skip = from.skip
  const go = async (at: StoredChild): Promise<boolean> => {
    if (skip >= at.records) {
      skip -= at.records
      return true
    }
    const stored = await source.load(at)
    const keys = keysOf(stored.node)
    const last = keys.length
    for (let n = 0; n <= last; n++) {
      const c = from.reverse ? last - n : n
      const child = stored.children[c]
      if (child !== undefined && !(await go(child))) return false
      const i = from.reverse ? c - 1 : c
      const place = stored.records[i]
      const key = keys[i]
      if (place === undefined || key === undefined) continue
      if (skip > 0) skip--
      else if (each({ key, digest: valueOf(stored.node, i), place }) === false) return false
    }
    return true
  }
  if (root !== undefined) await go(root)
}

export interface CollectionTotals {
  readonly nsid: string
  readonly records: number
  readonly bytes: number
}
