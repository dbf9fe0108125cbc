import type { LinkRole } from '../links/capability.ts'
import type { LinkClosing } from '../links/closing.ts'
import type { LinkRecord } from '../links/record.ts'
import { hasBit } from './bits.ts'
import type { Graph, Node } from './graph.ts'
import { closingOf, type JoinFault, joinOf, recordOf } from './joins.ts'
import { POWER, type Rules, type Sight, type Universe } from './rules.ts'
import { roleChangeOf } from './subjects.ts'

/** A join link and what came of it. */
export interface MemberLink {
  /** CID of its operation: what `via` names */
  readonly operation: string
  readonly record: LinkRecord
  /** whether who made it may still let in; a link that nobody closed ends with its maker's role */
  readonly mayAdmit: boolean
  /** joins that count, by time and id; of a link with approval, those that ask */
  readonly joins: readonly LinkJoin[]
  /** joins that count for nothing, by time and id */
  readonly ignored: readonly (LinkJoin & { readonly because: JoinFault })[]
  /** those that count, ascending by the CID of their operation */
  readonly closings: readonly (LinkClosing & { readonly operation: string })[]
}

export interface LinkJoin {
  /** of the join, hexadecimal */
  readonly id: string
  /** `did:key`; who comes is named for it */
  readonly device: string
  /** ms since 1970, by the newcomer's clock */
  readonly at: number
  /** CID of the operation */
  readonly operation: string
}

/** A join that waits for an admin. */
export interface Ask extends LinkJoin {
  /** the link's `did:key` */
  readonly link: string
  /** CID of the link's operation: the `via` of a `role` that lets in */
  readonly via: string
  readonly role: LinkRole
}

export function memberLinks(graph: Graph, rules: Rules, whole: Universe): MemberLink[] {
  const now = rules.sightOf(() => true, whole)
  const made = [...graph.links()].flatMap((it) => it.made.map((link) => ({ link, ...it })))
  return made
    .map(({ link, joins, closings }): MemberLink => {
      const judged = joinsOf(joins, link).map((it) => {
        return { join: asJoin(it), because: rules.joins.faultOf(it, link, whole) }
      })
      return {
        operation: link.cid,
        record: recordOf(link),
        mayAdmit: rules.joins.mayAdmit(link, now),
        joins: judged.flatMap(({ join, because }) => (because === undefined ? [join] : [])),
        ignored: judged.flatMap(({ join, because }) => (because === undefined ? [] : [{ ...join, because }])),
        closings: closings
          .filter(({ index }) => rules.lowers(index) !== POWER.none)
          .map((it) => ({ ...closingOf(it), operation: it.cid }))
          .sort((a, b) => (a.operation < b.operation ? -1 : 1)),
      }
    })
    .sort((a, b) => (a.operation < b.operation ? -1 : 1))
}

/** The joins that have seen this link: of several with one id that of the least CID; by time and id. */
function joinsOf(joins: readonly Node[], link: Node): Node[] {
  const byId = new Map<string, Node>()
  for (const it of joins) {
    const { id } = joinOf(it)
    const held = byId.get(id)
    if (hasBit(it.seen, link.index) && (held === undefined || it.cid < held.cid)) byId.set(id, it)
  }
  return [...byId.values()].sort((a, b) => compareJoins(joinOf(a), joinOf(b)))
}

interface Placed {
  readonly at: number
  readonly id: string
}

const compareJoins = (a: Placed, b: Placed): number => a.at - b.at || (a.id < b.id ? -1 : 1)

function asJoin(node: Node): LinkJoin {
  const { id, device, at } = joinOf(node)
  return { id, device, at, operation: node.cid }
}

/** Those who ask, have no role and were not told no. */
export function openAsks(graph: Graph, rules: Rules, whole: Universe): Ask[] {
  const now = rules.sightOf(() => true, whole)
  const asks = new Map<string, Ask>()
  for (const { joins } of graph.links()) {
    for (const node of joins) {
      const link = askedBy(graph, rules, node, now)
      if (link === undefined) continue
      const { id } = joinOf(node)
      const { link: key, role } = recordOf(link)
      const ask = { ...asJoin(node), link: key, via: link.cid, role }
      const held = asks.get(id)
      if (held === undefined || ask.operation < held.operation) asks.set(id, ask)
    }
  }
  return [...asks.values()].sort(compareJoins)
}

/** The link by which this join asks, where it waits for an answer by what is seen from here. */
export function askedBy(graph: Graph, rules: Rules, join: Node, sight: Sight): Node | undefined {
  const { device } = joinOf(join)
  const { universe } = sight
  if (rules.roleOf(device, sight) > 0 || isDeclined(graph, rules, device, universe)) return undefined
  return rules.joins.waysIn(join, universe).find((it) => recordOf(it).approval)
}

const isDeclined = (graph: Graph, rules: Rules, person: string, universe: Universe): boolean =>
  (graph.person(person)?.roles ?? []).some(
    ({ index, operation }) =>
      universe.has(index) && roleChangeOf(operation)?.rank === 0 && rules.lowers(index) !== POWER.none,
  )

/** The link by which a person came: by a join that counts, else by what an admin said who let them in. */
export function viaOf(graph: Graph, rules: Rules, whole: Universe, person: string): string | null {
  const grants = (graph.person(person)?.roles ?? []).filter((it) => rules.grants(it, whole))
  const links = grants.flatMap(({ operation: { act } }) =>
    act.kind === 'role' && act.body.via !== null && isLink(graph, act.body.via) ? [act.body.via] : [],
  )
  const joins = grants.filter((it) => it.operation.act.kind === 'join')
  const open = joins.flatMap((it) =>
    rules.joins.waysIn(it, whole).flatMap((link) => (recordOf(link).approval ? [] : [link.cid])),
  )
  return open.sort()[0] ?? links.sort()[0] ?? null
}

const isLink = (graph: Graph, cid: string): boolean => graph.get(cid)?.operation.act.kind === 'link'
