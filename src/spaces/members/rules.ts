import { hasBit } from './bits.ts'
import type { Among } from './authority.ts'
import type { Graph, Node } from './graph.ts'
import type { Acceptance } from '../links/accept.ts'
import { type JoinLetter, RANK } from './model.ts'
import { createJoins, type Joins } from './joins.ts'
import { roleChangeOf } from './subjects.ts'

/** By whose power an operation is made; 0 by none. */
export const POWER = { none: 0, admin: 1, own: 2, authority: 3 } as const
export type Power = (typeof POWER)[keyof typeof POWER]

/** Operations from whose view grants are judged, and what was found about them. */
export interface Universe {
  readonly has: Among
  readonly found: Map<number, boolean>
  /** by index of a `link` operation */
  readonly accepted: Map<number, Acceptance<JoinLetter>>
  /** by index of a `join`: the `link` operations by which it counts */
  readonly ways: Map<number, readonly Node[]>
}

/** From where a role is looked at. */
export interface Sight {
  readonly grants: Among
  readonly lowerings: Among
  readonly universe: Universe
}

export interface Rules {
  readonly joins: Joins
  /** by what power an operation lowers: `none` when it does not, or does not count */
  readonly lowers: (index: number) => Power
  /** whether an operation's grant counts, seen from a universe that has it */
  readonly grants: (node: Node, universe: Universe) => boolean
  /** 0 to 3 */
  readonly roleOf: (person: string, sight: Sight) => number
  /** the role that a device has as one of this person's */
  readonly roleIn: (device: string, person: string, sight: Sight) => number
  /** the greatest of these */
  readonly rankOf: (device: string, sight: Sight) => number
  /** by what power its author may do this */
  readonly powerFor: (node: Node, sight: Sight) => Power
  /** what these operations show */
  readonly sightOf: (has: Among, universe?: Universe) => Sight
}

export const createUniverse = (has: Among): Universe => ({
  has,
  found: new Map(),
  accepted: new Map(),
  ways: new Map(),
})

const LOWERING = new Set(['role', 'leave', 'drop', 'freeze', 'close'])

/** The rules of docs/space-members.md over a graph, in which some operations are nothing. */
export function createRules(graph: Graph, nothing: ReadonlySet<number>): Rules {
  const lowering: Power[] = []

  /** In the order of the graph, so that what an answer rests on was answered before: no deep recursion. */
  function lowers(index: number): Power {
    while (lowering.length <= index) {
      const node = graph.nodes[lowering.length]
      if (node === undefined) return POWER.none
      lowering.push(judgeLowering(node))
    }
    return lowering[index] ?? POWER.none
  }

  function judgeLowering(node: Node): Power {
    if (nothing.has(node.index) || !LOWERING.has(node.operation.act.kind)) return POWER.none
    return powerFor(
      node,
      sightOf((at) => hasBit(node.seen, at)),
    )
  }

  const sightOf = (has: Among, universe = createUniverse(has)): Sight => ({
    grants: has,
    lowerings: has,
    universe,
  })

  function grants(node: Node, universe: Universe): boolean {
    const known = universe.found.get(node.index)
    if (known !== undefined) return known
    const found = judgeGrant(node, universe)
    universe.found.set(node.index, found)
    return found
  }

  function judgeGrant(node: Node, universe: Universe): boolean {
    const { index, operation } = node
    if (nothing.has(index)) return false
    if (operation.authority !== null) return true
    if (operation.act.kind === 'join') return joins.waysIn(node, universe).length > 0
    return powerFor(node, sightAt(node, universe)) !== POWER.none
  }

  const sightAt = ({ index, seen }: Node, universe: Universe): Sight => ({
    grants: (at) => hasBit(seen, at),
    // Those before it and those apart from it, but not those that have seen it.
    lowerings: (at) => at !== index && universe.has(at) && !hasSeen(at, index),
    universe,
  })

  function hasSeen(later: number, earlier: number): boolean {
    const node = graph.nodes[later]
    return node !== undefined && hasBit(node.seen, earlier)
  }

  /** Whether this lowering counts here against a grant that has seen `grant.seen`. */
  const isAgainst = (it: Node, grant: Node, { lowerings }: Sight): boolean =>
    it !== grant && !hasBit(grant.seen, it.index) && lowerings(it.index) && lowers(it.index) !== POWER.none

  function roleOf(person: string, sight: Sight): number {
    const changes = graph.person(person)?.roles ?? []
    let best = 0
    for (const grant of changes) {
      if (!sight.grants(grant.index)) continue
      const rank = rankGiven(grant, sight.universe)
      if (rank <= best || !grants(grant, sight.universe)) continue
      best = Math.max(best, lowered(grant, rank, changes, sight))
    }
    return best
  }

  const rankGiven = (grant: Node, universe: Universe): number =>
    grant.operation.act.kind === 'join'
      ? joins.rankGiven(grant, universe)
      : (roleChangeOf(grant.operation)?.rank ?? 0)

  /** What is left of a role that was given. */
  function lowered(grant: Node, rank: number, changes: readonly Node[], sight: Sight): number {
    let left = rank
    for (const it of changes) {
      const to = roleChangeOf(it.operation)?.rank ?? 0
      if (to >= left || !isAgainst(it, grant, sight)) continue
      if (rank === RANK.admin && lowers(it.index) === POWER.admin) continue
      left = to
    }
    return left
  }

  /** Whether a device is this person's; for who is admin, what admins drop is passed over. */
  function isOf(device: string, person: string, sight: Sight, isAdmin: boolean): boolean {
    const index = graph.person(person)
    const drops = index?.drops.get(device) ?? []
    return (index?.enrolments.get(device) ?? []).some(
      (grant) =>
        sight.grants(grant.index) &&
        enrols(grant, sight.universe) &&
        !drops.some((it) => isAgainst(it, grant, sight) && !(isAdmin && lowers(it.index) === POWER.admin)),
    )
  }

  /** Who joins signs as the device that the person is named for: that holds whatever became of the link. */
  const enrols = (grant: Node, universe: Universe): boolean =>
    grant.operation.act.kind === 'join' ? !nothing.has(grant.index) : grants(grant, universe)

  function roleIn(device: string, person: string, sight: Sight): number {
    const role = roleOf(person, sight)
    return role > 0 && isOf(device, person, sight, role === RANK.admin) ? role : 0
  }

  const rankOf = (device: string, sight: Sight): number =>
    graph.personsOf(device).reduce((best, person) => Math.max(best, roleIn(device, person, sight)), 0)

  function powerFor({ operation }: Node, sight: Sight): Power {
    const { act, author, authority } = operation
    if (authority !== null) return POWER.authority
    const isOwn = (person: string): boolean => roleIn(author, person, sight) > 0
    const ofAdmin = (): Power => (rankOf(author, sight) === RANK.admin ? POWER.admin : POWER.none)
    switch (act.kind) {
      case 'leave':
      case 'device':
        return isOwn(act.body.person) ? POWER.own : POWER.none
      case 'drop':
        return isOwn(act.body.person) ? POWER.own : ofAdmin()
      case 'role':
        return act.body.role === 'admin' ? POWER.none : ofAdmin()
      case 'freeze':
      case 'hide':
      case 'link':
      case 'close':
        return ofAdmin()
      default:
        return POWER.none
    }
  }

  const joins = createJoins(graph, { nothing, lowers, grants, powerFor, sightAt, sightOf })

  return { joins, lowers, grants, roleOf, roleIn, rankOf, powerFor, sightOf }
}
