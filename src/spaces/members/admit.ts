import { type Among, judgeTerms } from './authority.ts'
import { hasBit } from './bits.ts'
import { MembersError } from './errors.ts'
import type { Graph, Node } from './graph.ts'
import { closingOf, joinOf } from './joins.ts'
import { MAX_MEMBER_SEQ, MAX_PERSON_DEVICES, RANK } from './model.ts'
import { POWER, type Rules } from './rules.ts'

/**
 * Whether an operation may enter, by what its ancestors alone say: so all replicas decide alike. Throws
 * `members.not-allowed`, `members.too-many`. `rulesFor` gives the rules when these indexes are nothing.
 */
export function checkAdmission(
  graph: Graph,
  node: Node,
  rulesFor: (nothing: ReadonlySet<number>) => Rules,
): void {
  const { operation, seen } = node
  const { act, author, authority, seq } = operation
  const among = (at: number): boolean => hasBit(seen, at)
  const terms = judgeTerms(graph, among)
  const refuse = (reason?: string): never => {
    throw new MembersError('members.not-allowed', {
      ...{ kind: act.kind, author },
      ...(reason === undefined ? {} : { reason }),
    })
  }
  if (act.kind === 'close') checkClosing(graph, node, among, refuse)
  if (authority !== null) {
    const isTheirs = act.kind === 'succeed' ? terms.successors.has(authority) : authority === terms.key
    if (!isTheirs) refuse()
    return
  }
  const rules = rulesFor(terms.nothing)
  if (act.kind === 'join') {
    const reason = rules.joins.refusalOf(node)
    if (reason !== undefined) refuse(reason)
    checkSeq(seq)
    return
  }
  const sight = rules.sightOf(among)
  const power = rules.powerFor(node, sight)
  if (power === POWER.none) refuse()
  if (act.kind === 'role' || (act.kind === 'drop' && power === POWER.admin)) {
    if (rules.roleOf(act.body.person, sight) === RANK.admin) refuse()
  }
  if (act.kind === 'freeze' && rules.rankOf(act.body.device, sight) === RANK.admin) refuse()
  if (act.kind === 'device') checkDevices(graph, act.body.person, among)
  if (rules.rankOf(author, sight) !== RANK.admin) checkSeq(seq)
}

function checkSeq(seq: number): void {
  if (seq > MAX_MEMBER_SEQ) throw new MembersError('members.too-many', { what: 'seq', most: MAX_MEMBER_SEQ })
}

/** A closing is of a link that it has seen, and lists only joins that it has seen: whoever has it has them too. */
function checkClosing(graph: Graph, node: Node, among: Among, refuse: (reason: string) => never): void {
  const { link, joins } = closingOf(node)
  const index = graph.link(link)
  if (index?.made.some((it) => among(it.index)) !== true) refuse('link')
  const seen = new Set((index?.joins ?? []).filter((it) => among(it.index)).map((it) => joinOf(it).id))
  if (!joins.every((it) => seen.has(it))) refuse('joins')
}

function checkDevices(graph: Graph, person: string, among: (at: number) => boolean): void {
  let given = 0
  for (const list of graph.person(person)?.enrolments.values() ?? [])
    for (const { index } of list) if (among(index)) given++
  if (given >= MAX_PERSON_DEVICES)
    throw new MembersError('members.too-many', { what: 'devices', most: MAX_PERSON_DEVICES })
}
