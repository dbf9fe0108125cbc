import { hasBit } from './bits.ts'
import type { Terms } from './authority.ts'
import { type FrozenHead, freezesOf, frozenHead } from './freezes.ts'
import type { Graph, Node } from './graph.ts'
import { chooseHeads } from './heads.ts'
import { type Ask, type MemberLink, memberLinks, openAsks, viaOf } from './links.ts'
import { RANK, type Role, ROLES } from './model.ts'
import { POWER, type Rules, type Universe } from './rules.ts'

export interface Person {
  readonly role: Role
  /** the devices that have the role, ascending */
  readonly devices: readonly string[]
  /** CID of the `link` operation by which they came; null for who was let in without one */
  readonly via: string | null
}

/** What a set of operations says. Texts ascend, so that one set has one state to the letter. */
export interface MembersState {
  /** who has the authority now */
  readonly authority: string
  readonly successors: readonly string[]
  /** CIDs for the next commit or epoch to name: at most 256, see `chooseHeads`; an operation's are `headsFor` */
  readonly heads: readonly string[]
  /** those with a role */
  readonly persons: ReadonlyMap<string, Person>
  /** devices with a role: who may read, and for whom the next epoch's key is wrapped */
  readonly devices: ReadonlyMap<string, Role>
  /** where the repos of devices that were stopped stand still, as of now; undefined where nothing stays */
  readonly frozen: ReadonlyMap<string, FrozenHead | undefined>
  readonly hidden: readonly string[]
  /** join links, ascending by the CID of their operation */
  readonly links: readonly MemberLink[]
  /** joins that wait for an admin, by time and id */
  readonly asks: readonly Ask[]
  /** CIDs of operations that are in the set, whose grant counts for nothing: to be shown, and repeated or left */
  readonly idle: readonly string[]
}

export function deriveState(graph: Graph, rules: Rules, terms: Terms, whole: Universe): MembersState {
  const sight = rules.sightOf(() => true, whole)
  const devices = [...graph.devices()].sort()
  const roles = devices.map((it) => [it, roleName(rules.rankOf(it, sight))] as const)
  const frozen = roles.flatMap(([device, role]) => {
    if (RANK[role] >= RANK.writer) return []
    const freezes = freezesOf(graph, rules, device, () => false, false)
    return freezes.length === 0 ? [] : [[device, frozenHead(rules, device, freezes, whole)] as const]
  })
  const persons = [...graph.persons()].sort().flatMap((person) => {
    const role = roleName(rules.roleOf(person, sight))
    const own = [...(graph.person(person)?.enrolments.keys() ?? [])].sort()
    const held = own.filter((it) => rules.roleIn(it, person, sight) > 0)
    const via = viaOf(graph, rules, whole, person)
    return role === 'none' ? [] : [[person, { role, devices: held, via }] as const]
  })
  return {
    authority: terms.key,
    successors: [...terms.successors].sort(),
    heads: chooseHeads(graph),
    persons: new Map(persons),
    devices: new Map(roles.filter(([, role]) => role !== 'none')),
    frozen: new Map(frozen),
    hidden: hiddenItems(graph, rules, whole),
    links: memberLinks(graph, rules, whole),
    asks: openAsks(graph, rules, whole),
    idle: graph.nodes.flatMap((it) => (isIdle(it, rules, whole) ? [it.cid] : [])).sort(),
  }
}

const roleName = (rank: number): Role => ROLES[rank] ?? 'none'

const isIdle = (node: Node, rules: Rules, whole: Universe): boolean =>
  !rules.grants(node, whole) && (grantsSomething(node) || rules.lowers(node.index) === POWER.none)

/** A lowering that still lowers is not idle for want of its grant, unless it gives something too. */
function grantsSomething({ operation: { act } }: Node): boolean {
  if (act.kind === 'role') return act.body.role !== 'none'
  return act.kind !== 'leave' && act.kind !== 'drop' && act.kind !== 'freeze'
}

function hiddenItems(graph: Graph, rules: Rules, whole: Universe): string[] {
  const hidden = [...graph.hides()].flatMap(([item, all]) => {
    const good = all.filter((it) => rules.grants(it, whole))
    const shown = good.filter((it) => !isHide(it))
    const isHidden = good.some((it) => isHide(it) && !shown.some(({ seen }) => hasBit(seen, it.index)))
    return isHidden ? [item] : []
  })
  return hidden.sort()
}

const isHide = ({ operation: { act } }: Node): boolean => act.kind === 'hide' && act.body.hidden
