import { hasBit } from './bits.ts'
import type { Graph, Node } from './graph.ts'
import { closingOf, recordOf } from './joins.ts'
import { RANK } from './model.ts'
import { POWER, type Rules } from './rules.ts'
import { roleChangeOf } from './subjects.ts'

/** CIDs of operations after which somebody who may hold a key must not read on (docs/spaces.md), ascending. */
export const barriers = (graph: Graph, rules: Rules): string[] =>
  graph.nodes.flatMap((it) => (isBarrier(graph, rules, it) ? [it.cid] : [])).sort()

function isBarrier(graph: Graph, rules: Rules, node: Node): boolean {
  const { act } = node.operation
  switch (act.kind) {
    case 'role':
      return rules.lowers(node.index) !== POWER.none && shutsOut(graph, node, act.body.person)
    case 'leave':
    case 'drop':
      return rules.lowers(node.index) !== POWER.none
    case 'close':
      return rules.lowers(node.index) !== POWER.none && letsIn(graph, node)
    // Whom a cut device, or an authority that was replaced, had let in has no access either.
    case 'cut':
    case 'succeed':
      return true
    default:
      return false
  }
}

/**
 * A removal does; so does a demotion of somebody who was ever made admin, since it undoes what they granted at the same
 * time. An ask that is declined had nothing.
 */
function shutsOut(graph: Graph, node: Node, person: string): boolean {
  const roles = graph.person(person)?.roles ?? []
  const given = roles.map((it) => highest(graph, it))
  const { rank = RANK.none } = roleChangeOf(node.operation) ?? {}
  if (rank === RANK.none) return given.some((it) => it > RANK.none)
  return rank < RANK.admin && given.includes(RANK.admin)
}

/** The most that an operation may give to the person whom it is about. */
function highest(graph: Graph, node: Node): number {
  const { letter } = node.operation
  if (letter?.of !== 'join') return roleChangeOf(node.operation)?.rank ?? 0
  const made = graph.link(letter.join.link)?.made ?? []
  return made.some((it) => hasBit(node.seen, it.index) && !recordOf(it).approval) ? RANK.writer : RANK.none
}

/** A link that only lets ask gives no key, and nobody in. */
const letsIn = (graph: Graph, node: Node): boolean =>
  graph.link(closingOf(node).link)?.made.some((it) => !recordOf(it).approval) === true
