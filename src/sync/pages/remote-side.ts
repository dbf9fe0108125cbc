import { utf8 } from '../../core/bytes.ts'
import type { Sha256 } from '../../core/hash.ts'
import { NetError } from '../../net/errors.ts'
import { binary, type OpenNode, type Side } from '../../repo/mst/diff.ts'
import { heightOf } from '../../repo/mst/height.ts'
import { type MstNode, parseNode } from '../../repo/mst/node.ts'
import { childDigest, keysOf } from '../../repo/mst/read.ts'
import type { Wanted } from './fetch-blocks.ts'

/** Nodes of one difference held in memory, bytes: those of some hundred thousand changed records. */
export const MAX_NODES = 64 << 20

/** Nodes by digest that came already, in this try or one before; they need not come again. */
export type NodeStore = Map<string, Uint8Array>

/** A peer's tree for a comparison: its nodes are fetched layer by layer, only those that are asked for. */
export function createRemoteSide(input: {
  readonly digest: Uint8Array
  readonly rootNode: Uint8Array
  readonly nodes: NodeStore
  readonly sha256: Sha256
  /** bytes of nodes that may be held */
  readonly most: number
  /** Brings nodes and puts them into `nodes`. */
  readonly fetch: (wanted: readonly Wanted[]) => Promise<void>
}): Side {
  const { digest, nodes, most } = input
  nodes.set(binary(digest), input.rootNode)
  const [first] = keysOf(parseNode(input.rootNode))
  const layer = first === undefined ? 0 : heightOf(input.sha256, utf8(first))
  /** How a node is found from the root, told by its parent. */
  const ways = new Map<string, { readonly key: string | undefined; readonly layer: number }>()
  ways.set(binary(digest), { key: undefined, layer })

  const noteChildren = (
    node: MstNode,
    at: { readonly key: string | undefined; readonly layer: number },
  ): void => {
    const keys = keysOf(node)
    for (let i = 0; i <= node.count; i++) {
      const child = childDigest(node, i)
      if (child !== undefined) ways.set(binary(child), { key: keys[i] ?? at.key, layer: at.layer - 1 })
    }
  }
  return {
    layer,
    digest,
    rootChild: undefined,
    async open(asked) {
      const wanted = asked.flatMap((it): Wanted[] => {
        const name = binary(it.digest)
        const way = ways.get(name)
        if (way === undefined) throw new RangeError('a node without a parent')
        return nodes.has(name) ? [] : [{ digest: it.digest, ...way }]
      })
      await input.fetch(wanted)
      let held = 0
      for (const bytes of nodes.values()) held += bytes.length
      if (held > most) throw new NetError('net.limit', { what: 'difference', limit: most })
      return asked.map(({ digest: of }): OpenNode => {
        const name = binary(of)
        const bytes = nodes.get(name)
        const way = ways.get(name)
        if (bytes === undefined || way === undefined) throw new RangeError('a node was not fetched')
        const node = parseNode(bytes)
        noteChildren(node, way)
        return { node, records: undefined, children: undefined }
      })
    },
  }
}
