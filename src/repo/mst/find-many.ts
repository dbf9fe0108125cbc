import { below, keysOf, type TreeEntry, type TreeSource, valueOf } from './read.ts'
import type { StoredChild, StoredNode } from './stored.ts'

/** Nodes of one layer that are asked for at once. All of them, and what was read with each, are held meanwhile. */
const TOGETHER = 128

/** A subtree, and which of the keys it would have: [from, to). */
interface Way {
  readonly at: StoredChild
  readonly from: number
  readonly to: number
}

/**
 * The entries of these keys that a stored tree has, by key. Every node on a way to any of them is loaded once.
 * `keys` are ascending, each once.
 *
 * @param together nodes that are asked for at once, layer by layer: far fewer turns than one after another where
 * they lie far apart. 1 loads in key order, so that of many nodes those which lie together are read together.
 */
export async function findMany(
  source: TreeSource,
  root: StoredChild | undefined,
  keys: readonly string[],
  together = TOGETHER,
): Promise<Map<string, TreeEntry>> {
  const found = new Map<string, TreeEntry>()
  const go = async (ways: readonly Way[]): Promise<void> => {
    const nodes = await loadAll(source, ways)
    const next = ways.flatMap((way, i) => {
      const stored = nodes[i]
      return stored === undefined ? [] : look(stored, way, keys, found)
    })
    // To the bottom before the next ones, which bounds what is held.
    for (let first = 0; first < next.length; first += together) await go(next.slice(first, first + together))
  }
  if (root !== undefined && keys.length > 0) await go([{ at: root, from: 0, to: keys.length }])
  return found
}

async function loadAll(source: TreeSource, ways: readonly Way[]): Promise<readonly StoredNode[]> {
  const [only] = ways
  if (only !== undefined && ways.length === 1) return [await source.load(only.at)]
  const places = ways.map(({ at }) => at)
  return source.loadAll?.(places) ?? Promise.all(places.map((place) => source.load(place)))
}

/** Takes the keys that a node has, and gives the ways to the others. */
function look(
  stored: StoredNode,
  { from, to }: Way,
  keys: readonly string[],
  found: Map<string, TreeEntry>,
): Way[] {
  const entries = keysOf(stored.node)
  const ways: Way[] = []
  let next = from
  while (next < to) {
    const key = keys[next]
    if (key === undefined) break
    const i = below(entries, key)
    if (entries[i] === key) {
      take(found, stored, i, key)
      next++
      continue
    }
    const end = entries[i]
    const last = end === undefined ? to : firstFrom(keys, end, next, to)
    const child = stored.children[i]
    if (child !== undefined) ways.push({ at: child, from: next, to: last })
    next = last
  }
  return ways
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
