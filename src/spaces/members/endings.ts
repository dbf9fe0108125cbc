import { linkState } from '../links/accept.ts'
import { type Among, judgeTerms } from './authority.ts'
import { addBit, addBits, type Bits, hasBit } from './bits.ts'
import type { Graph, Node } from './graph.ts'
import { closingOf, joinOf, recordOf } from './joins.ts'
import { askedBy } from './links.ts'
import { POWER, type Rules, type Sight } from './rules.ts'
import { enrolmentOf, roleChangeOf } from './subjects.ts'
import { seenBy } from './verdict.ts'

/**
 * What to tell a device that once had a role and has none now, or asked for one and was declined, or one that holds a
 * link that lets in no more, so that it finds this out by itself: CIDs of the operations that ended it and their ancestors, parents first, without what `have`
 * and its ancestors have. Nothing of what came later is among them. `key`: the device's or the link's `did:key`.
 * Undefined for a key that has access, and for one that never had any.
 */
export type EndingOf = (key: string, have: readonly string[]) => readonly string[] | undefined

/** A set of operations as it judges itself. */
interface View {
  readonly rules: Rules
  readonly sight: Sight
}

/** Operations that together end something are looked for up to so many. */
const MAX_PARTS = 16

export function createEndings(
  graph: Graph,
  rulesFor: (among: Among, nothing: ReadonlySet<number>) => Rules,
): EndingOf {
  const viewOf = (among: Among): View => {
    const rules = rulesFor(among, judgeTerms(graph, among).nothing)
    return { rules, sight: rules.sightOf(among) }
  }

  /** Whether a request of this device waits for its answer. */
  function isAsking(key: string, among: Among, { rules, sight }: View): boolean {
    return graph
      .by(key)
      .some(
        (it) =>
          it.operation.act.kind === 'join' &&
          among(it.index) &&
          askedBy(graph, rules, it, sight) !== undefined,
      )
  }

  /** Whether the key lets in, or asks, by these operations alone and whatever the time is. */
  function isIn(key: string, among: Among): boolean {
    const { rules, sight } = viewOf(among)
    if (graph.personsOf(key).length > 0)
      return rules.rankOf(key, sight) > 0 || isAsking(key, among, { rules, sight })
    const { made = [], closings = [] } = graph.link(key) ?? {}
    const closed = closings.filter((it) => among(it.index) && rules.lowers(it.index) !== POWER.none)
    return made.some((link) => {
      if (!among(link.index) || !rules.joins.mayAdmit(link, sight)) return false
      const record = recordOf(link)
      const { accepted } = rules.joins.acceptance(link, sight.universe)
      return linkState(record, accepted.length, closed.map(closingOf), record.created) === 'live'
    })
  }

  /** What gave access: where somebody begins who holds nothing of it any more. */
  function beginnings(key: string): Node[] {
    const persons = graph.personsOf(key).flatMap((it) => graph.person(it) ?? [])
    const gave = persons.flatMap(({ roles, enrolments }) => [...roles, ...(enrolments.get(key) ?? [])])
    return [...(graph.link(key)?.made ?? []), ...gave.filter(isGiving)]
  }

  /** Operations that may end it by themselves, or all of them together, as whoever looks first would guess. */
  function guesses(key: string): Node[][] {
    const naming = [
      ...graph.naming(key),
      ...graph.personsOf(key).flatMap((it) => graph.person(it)?.roles ?? []),
    ].filter((it) => !isGiving(it))
    const own = graph.by(key).flatMap((it) => (it.operation.act.kind === 'join' ? [joinOf(it).link] : []))
    const links = [key, ...own].flatMap((it) => graph.link(it) ?? [])
    const all = [...naming, ...links.flatMap(({ closings }) => closings)]
    const single = [...new Set(all)].sort((a, b) => a.index - b.index).map((it) => [it])
    const { rules, sight } = viewOf(() => true)
    const came = links.flatMap(({ made, joins }) => {
      const first = new Set(
        made.flatMap((it) => rules.joins.acceptance(it, sight.universe).accepted.map(({ id }) => id)),
      )
      return joins.filter((it) => first.has(joinOf(it).id))
    })
    return came.length === 0 ? single : [...single, came]
  }

  /** The fewest operations that end it for whoever has `base`; undefined when that is more than can be looked for. */
  function endOf(key: string, base: Bits): readonly Node[] | undefined {
    const ends = (parts: readonly Node[], before = 0): boolean =>
      !isIn(key, (at) => at < before || hasBit(base, at) || parts.some((it) => isUpTo(it, at)))
    if (ends([])) return []
    const guess = guesses(key).find((it) => ends(it))
    if (guess !== undefined) return guess
    const parts: Node[] = []
    // All below this and `parts` end it; what lies below an index has all of its ancestors there.
    let end = graph.nodes.length
    while (parts.length < MAX_PARTS) {
      let begin = 0
      // The last one before which it has not ended.
      while (end - begin > 1) {
        const middle = (begin + end) >>> 1
        if (ends(parts, middle)) end = middle
        else begin = middle
      }
      const last = graph.nodes[end - 1]
      if (last === undefined) return undefined
      parts.push(last)
      end--
      if (ends(parts)) return parts
    }
    return undefined
  }

  return (key, have) => {
    const first = beginnings(key)
    if (first.length === 0) return undefined
    const had = seenBy(graph, have)
    const base = seenBy(graph, have)
    // Of a device without its beginning nothing can end; a link is told whole.
    const isBare = graph.personsOf(key).length === 0 || !isIn(key, (at) => hasBit(base, at))
    if (isBare) for (const it of first) addUpTo(base, it)
    const isOver = !isIn(key, () => true)
    // A link may have come to its end by time alone: its record says that.
    if (!isOver && graph.personsOf(key).length > 0) return undefined
    const end = isOver ? endOf(key, base) : []
    if (end === undefined) return undefined
    for (const it of end) addUpTo(base, it)
    return graph.nodes.flatMap((it) => (hasBit(base, it.index) && !hasBit(had, it.index) ? [it.cid] : []))
  }
}

const isUpTo = (node: Node, at: number): boolean => node.index === at || hasBit(node.seen, at)

function addUpTo(bits: Bits, node: Node): void {
  addBits(bits, node.seen)
  addBit(bits, node.index)
}

/** Gives a role, or makes a device somebody's. */
const isGiving = ({ operation }: Node): boolean =>
  enrolmentOf(operation) !== undefined || (roleChangeOf(operation)?.rank ?? 0) > 0
