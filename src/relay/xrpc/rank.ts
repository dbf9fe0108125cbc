import { below, keysOf, type TreeSource } from '../../repo/mst/read.ts'
import type { StoredChild } from '../../repo/mst/stored.ts'

/**
 * How many entries of a tree are before `key`, itself not counted. Each node knows how many are under its
 * children, so only the nodes on the path are read.
 */
export async function rankOf(source: TreeSource, root: StoredChild, key: string): Promise<number> {
  let rank = 0
  let next: StoredChild | undefined = root
  // A stored tree was proven: its layers fall.
  while (next !== undefined) {
    const { node, children }: Awaited<ReturnType<TreeSource['load']>> = await source.load(next)
    const keys = keysOf(node)
    const at = below(keys, key)
    rank += at
    for (let i = 0; i < at; i++) rank += children[i]?.records ?? 0
    if (keys[at] === key) return rank + (children[at]?.records ?? 0)
    next = children[at]
  }
  return rank
}
