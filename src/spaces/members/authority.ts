import { parseSpace } from '../../repo/space/uri.ts'
import { hasBit } from './bits.ts'
import type { Graph, Node } from './graph.ts'
import { successorOf } from './subjects.ts'

/** Some operations of a graph, by index: with each all of its ancestors. */
export type Among = (index: number) => boolean

export interface Terms {
  /** who has the last term */
  readonly key: string
  /** who may take over from it */
  readonly successors: ReadonlySet<string>
  /** indexes of operations that are nothing: out of their key's term, or cut */
  readonly nothing: ReadonlySet<number>
}

/** Who was the authority and what of that counts, among these operations. */
export function judgeTerms(graph: Graph, among: Among): Terms {
  const all = graph.authority.filter(({ index }) => among(index))
  const claims = all.filter(({ operation }) => operation.act.kind === 'succeed')
  const counted = new Set<Node>()
  const used = new Set<string>()
  let key = parseSpace(graph.space)?.did ?? ''
  let begun: readonly Node[] | undefined
  // Each turn uses up one key.
  for (;;) {
    used.add(key)
    const own = all.filter((it) => it.operation.authority === key && isWithin(it, begun))
    const namings = own.filter(({ operation }) => successorOf(operation) !== null)
    const good = claims.flatMap((claim) => {
      const by = claim.operation.authority
      return by === null || used.has(by)
        ? []
        : namingsOf(claim, by, namings).map((it) => ({ claim, by, naming: it }))
    })
    const [first] = good
      .filter(({ naming }) => !good.some((it) => hasBit(naming.seen, it.naming.index)))
      .sort((a, b) => (a.naming.cid < b.naming.cid ? -1 : 1))
    if (first === undefined) {
      for (const it of own) counted.add(it)
      const nothing = new Set(all.flatMap((it) => (counted.has(it) ? [] : [it.index])))
      addCut(graph, among, counted, nothing)
      return { key, successors: successorsOf(namings, used), nothing }
    }
    const next = good.flatMap((it) => (it.by === first.by ? [it.claim] : []))
    for (const it of own) if (next.some(({ seen }) => hasBit(seen, it.index))) counted.add(it)
    for (const it of next) counted.add(it)
    key = first.by
    begun = next
  }
}

/** In a term that began with these claims; the first began with none. */
function isWithin(node: Node, begun: readonly Node[] | undefined): boolean {
  if (begun === undefined) return node.operation.act.kind !== 'succeed'
  return begun.some((it) => it === node || hasBit(node.seen, it.index))
}

/** By which namings a claim holds. */
const namingsOf = (claim: Node, key: string, namings: readonly Node[]): Node[] =>
  namings.filter(
    (naming) =>
      successorOf(naming.operation) === key &&
      hasBit(claim.seen, naming.index) &&
      !namings.some(
        (later) =>
          successorOf(later.operation) !== key &&
          hasBit(claim.seen, later.index) &&
          hasBit(later.seen, naming.index),
      ),
  )

/** Whom the namings name that no later one replaces. */
const successorsOf = (namings: readonly Node[], used: ReadonlySet<string>): Set<string> =>
  new Set(
    namings.flatMap((naming) => {
      const key = successorOf(naming.operation)
      const isReplaced = namings.some(
        (later) => successorOf(later.operation) !== key && hasBit(later.seen, naming.index),
      )
      return key === null || used.has(key) || isReplaced ? [] : [key]
    }),
  )

/** Adds what cut devices did apart from the cut. */
function addCut(graph: Graph, among: Among, counted: ReadonlySet<Node>, nothing: Set<number>): void {
  for (const cut of counted) {
    const { act } = cut.operation
    if (act.kind !== 'cut') continue
    for (const device of act.body.devices) {
      for (const { index, seen, operation } of graph.by(device)) {
        if (operation.authority !== null || !among(index)) continue
        if (!hasBit(cut.seen, index) && !hasBit(seen, cut.index)) nothing.add(index)
      }
    }
  }
}
