import type { Sha256 } from '../../core/hash.ts'
import { binary } from '../mst/diff.ts'
import { heightOf } from '../mst/height.ts'
import { parseNode } from '../mst/node.ts'
import { childDigest, keysOf, type TreeSource, valueOf } from '../mst/read.ts'
import {
  decodeStored,
  encodeStored,
  type Place,
  type StoredChild,
  type StoredNode,
  totals,
} from '../mst/stored.ts'
import type { TreeRoot, WalkSink } from '../verify/walk-model.ts'

/** Stored trees in memory: each node goes through the stored form on its way in and out. */
export interface MemoryTree extends TreeSource, WalkSink {
  /** Takes in a tree whose nodes are given by digest. Records get the places that `placeOf` says. */
  take(
    nodes: ReadonlyMap<string, Uint8Array>,
    root: Uint8Array,
    placeOf: (digest: Uint8Array) => Place,
  ): TreeRoot
  /** nodes written and read so far */
  readonly written: number
  readonly loads: number
}

export function createMemoryTree(sha256: Sha256): MemoryTree {
  const stored: Uint8Array[] = []
  let loads = 0

  const put = (node: StoredNode): Place => {
    const bytes = encodeStored(node)
    stored.push(bytes)
    return { segment: 1, offset: stored.length - 1, length: bytes.length }
  }

  const take: MemoryTree['take'] = (nodes, root, placeOf) => {
    const go = (digest: Uint8Array): StoredChild => {
      const bytes = nodes.get(binary(digest))
      if (bytes === undefined) throw new RangeError('a node is not there')
      const node = parseNode(bytes)
      const whole: StoredNode = {
        node,
        records: keysOf(node).map((_, i) => placeOf(valueOf(node, i))),
        children: Array.from({ length: node.count + 1 }, (_, i) => {
          const child = childDigest(node, i)
          return child === undefined ? undefined : go(child)
        }),
      }
      return { ...put(whole), ...totals(whole) }
    }
    const bytes = nodes.get(binary(root))
    const [first] = bytes === undefined ? [] : keysOf(parseNode(bytes))
    const layer = first === undefined ? 0 : heightOf(sha256, new TextEncoder().encode(first))
    return { ...go(root), layer }
  }

  return {
    take,
    node: put,
    async load(place) {
      loads++
      const bytes = stored[place.offset]
      if (bytes === undefined || place.segment !== 1) throw new RangeError(`no node at ${place.offset}`)
      return decodeStored(bytes)
    },
    get written() {
      return stored.length
    },
    get loads() {
      return loads
    },
  }
}
