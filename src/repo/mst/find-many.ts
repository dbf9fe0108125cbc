import { below, keysOf, type TreeEntry, type TreeSource, valueOf } from './read.ts'
import type { StoredChild, StoredNode } from './stored.ts'

/**
 * The entries of these keys that a stored tree has, by key. Every node on a way to any of them is loaded once,
 * in key order, so that nodes which lie together are read together. `keys` are ascending, each once.
 */
export async function findMany(
  source: TreeSource,
  root: StoredChild | undefined,
  keys: readonly string[],
): Promise<Map<string, TreeEntry>> {
  const found = new Map<string, TreeEntry>()
  /** Looks for keys [from, to) under a node. */
  const go = async (at: StoredChild, from: number, to: number): Promise<void> => {
    const stored = await source.load(at)
    const entries = keysOf(stored.node)
    let next = from
    while (next < to) {
      const key = keys[next]
      if (key === undefined) return
      const i = below(entries, key)
      if (entries[i] === key) {
        take(found, stored, i, key)
        next++
        continue
      }
      const end = entries[i]
      const last = end === undefined ? to : firstFrom(keys, end, next, to)
      const child = stored.children[i]
      if (child !== undefined) await go(child, next, last)
      next = last
    }
  }
  if (root !== undefined && keys.length > 0) await go(root, 0, keys.length)
  return found
}

function take(found: Map<string, TreeEntry>, stored: StoredNode, i: number, key: string): void {
  const place = stored.records[i]
  if (place === undefined) throw new RangeError('a stored node lacks a place')
  // A copy: the node lies in a larger read, which may be let go.
  found.set(key, { key, digest: valueOf(stored.node, i).slice(), place })
}

/** Index in [from, to) of the first key that is not below `end`. */
function firstFrom(keys: readonly string[], end: string, from: number, to: number): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >> 1
    if ((keys[middle] ?? '') < end) low = middle + 1
    else high = middle
  }
  return low
}
