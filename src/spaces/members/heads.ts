import { addBit, addBits, createBits, hasBit } from './bits.ts'
import type { Graph, Node } from './graph.ts'
import { MAX_PARENTS } from './model.ts'

/**
 * Heads for the next operation, commit or epoch, ascending, at most 256. Of more, those first that have seen what an
 * author did (or its next number would not follow), then those that are no joins, then joins that have seen what none
 * of these has: so what is left out is newcomers, and no removal.
 */
export function chooseHeads(graph: Graph, author?: string): string[] {
  const all = graph.heads()
  if (all.length <= MAX_PARENTS) return all
  const nodes = all.flatMap((it) => graph.get(it) ?? [])
  const covered = createBits(graph.nodes.length)
  const chosen = new Set<string>()
  const isNew = ({ index, seen }: Node): boolean =>
    graph.nodes.some((it) => it.index !== index && hasBit(seen, it.index) && !hasBit(covered, it.index))
  const take = (which: (node: Node) => boolean): void => {
    for (const node of nodes) {
      if (chosen.size >= MAX_PARENTS || chosen.has(node.cid) || !which(node)) continue
      chosen.add(node.cid)
      addBits(covered, node.seen)
      addBit(covered, node.index)
    }
  }
  const own = author === undefined ? [] : graph.by(author)
  take((node) => own.some((it) => (it === node || hasBit(node.seen, it.index)) && !hasBit(covered, it.index)))
  take((node) => node.operation.act.kind !== 'join')
  take(isNew)
  take(() => true)
  return [...chosen].sort()
}
