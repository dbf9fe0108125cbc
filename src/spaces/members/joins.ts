import { acceptJoins, type Acceptance, type IgnoredBecause } from '../links/accept.ts'
import type { LinkClosing } from '../links/closing.ts'
import type { LinkRecord } from '../links/record.ts'
import { hasBit } from './bits.ts'
import type { Graph, Node } from './graph.ts'
import { type JoinLetter, RANK } from './model.ts'
import type { Power, Rules, Sight, Universe } from './rules.ts'

/**
 * Why a join counts for nothing: by docs/spaces.md; because who made the link may let nobody in; because its device was
 * cut.
 */
export type JoinFault = IgnoredBecause | 'maker' | 'cut'

/** Why a join may not enter: there is no such link, or others than joins have named its device before. */
export type JoinRefusal = JoinFault | 'link' | 'device'

/** Which joins count (docs/space-members.md, "Joins"). */
export interface Joins {
  /** The `link` operations by which a join of this universe counts, or asks; ascending by CID. */
  readonly waysIn: (node: Node, universe: Universe) => readonly Node[]
  /** The role that it gives: 0 where it asks. */
  readonly rankGiven: (node: Node, universe: Universe) => number
  /** What becomes of the joins of one link in this universe, and of one more. */
  readonly acceptance: (link: Node, universe: Universe, more?: JoinLetter) => Acceptance<JoinLetter>
  /** Whether the maker of a link may let in, from where this is looked at. */
  readonly mayAdmit: (link: Node, sight: Sight) => boolean
  /** Why a join counts for nothing by this link; undefined when it counts, or asks. */
  readonly faultOf: (node: Node, link: Node, universe: Universe) => JoinFault | undefined
  /** Why one that is not in the graph may not enter, by its ancestors alone; undefined when it may. */
  readonly refusalOf: (node: Node) => JoinRefusal | undefined
}

/** What of the rules this rests on. */
interface Ground {
  readonly nothing: ReadonlySet<number>
  readonly lowers: (index: number) => Power
  readonly grants: Rules['grants']
  readonly powerFor: Rules['powerFor']
  readonly sightAt: (node: Node, universe: Universe) => Sight
  readonly sightOf: Rules['sightOf']
}

export function createJoins(graph: Graph, ground: Ground): Joins {
  const { nothing, lowers, grants, powerFor, sightAt, sightOf } = ground

  /** A join that was cut keeps its place among the others: no place is given twice. */
  function acceptance(link: Node, universe: Universe, more?: JoinLetter): Acceptance<JoinLetter> {
    const held = more === undefined ? universe.accepted.get(link.index) : undefined
    if (held !== undefined) return held
    const record = recordOf(link)
    const all = graph.link(record.link)
    const joins = (all?.joins ?? [])
      .filter((it) => universe.has(it.index) && hasBit(it.seen, link.index))
      .map(joinOf)
    if (more !== undefined) joins.push(more)
    const closings = (all?.closings ?? [])
      .filter((it) => universe.has(it.index) && lowers(it.index) > 0)
      .map(closingOf)
    const found = acceptJoins(record, joins, closings)
    if (more === undefined) universe.accepted.set(link.index, found)
    return found
  }

  const mayAdmit = (link: Node, sight: Sight): boolean =>
    grants(link, sight.universe) && powerFor(link, sight) > 0

  /** As if the maker of the link let in at the place of the join. */
  function faultOf(node: Node, link: Node, universe: Universe): JoinFault | undefined {
    const why = acceptance(link, universe).ignored.get(joinOf(node).id)
    if (why !== undefined) return why
    if (nothing.has(node.index)) return 'cut'
    return mayAdmit(link, sightAt(node, universe)) ? undefined : 'maker'
  }

  function waysIn(node: Node, universe: Universe): readonly Node[] {
    const held = universe.ways.get(node.index)
    if (held !== undefined) return held
    const found = linksBefore(node).filter((link) => faultOf(node, link, universe) === undefined)
    universe.ways.set(node.index, found)
    return found
  }

  /** The links of a join's key that it has seen, ascending by CID. */
  const linksBefore = (node: Node): Node[] =>
    (graph.link(joinOf(node).link)?.made ?? [])
      .filter((it) => hasBit(node.seen, it.index))
      .sort((a, b) => (a.cid < b.cid ? -1 : 1))

  function refusalOf(node: Node): JoinRefusal | undefined {
    const among = (at: number): boolean => hasBit(node.seen, at)
    const join = joinOf(node)
    const { device, id } = join
    if (graph.naming(device).some((it) => among(it.index))) return 'device'
    const sight = sightOf(among)
    const reasons = linksBefore(node).map((link): JoinFault | undefined => {
      const why = acceptance(link, sight.universe, join).ignored.get(id)
      return why ?? (mayAdmit(link, sight) ? undefined : 'maker')
    })
    return reasons.includes(undefined) ? undefined : (reasons[0] ?? 'link')
  }

  return {
    acceptance,
    mayAdmit,
    faultOf,
    waysIn,
    refusalOf,
    rankGiven: (node, universe) =>
      waysIn(node, universe).reduce((best, link) => {
        const { approval, role } = recordOf(link)
        return approval ? best : Math.max(best, RANK[role])
      }, 0),
  }
}

/** Of a `link` operation. */
export function recordOf({ operation: { letter } }: Node): LinkRecord {
  if (letter?.of !== 'link') throw new TypeError('no link')
  return letter.record
}

/** Of a `join` operation. */
export function joinOf({ operation: { letter } }: Node): JoinLetter {
  if (letter?.of !== 'join') throw new TypeError('no join')
  return letter.join
}

/** Of a `close` operation. */
export function closingOf({ operation: { letter } }: Node): LinkClosing {
  if (letter?.of !== 'close') throw new TypeError('no closing')
  return letter.closing
}
