import { compareRev } from '../../core/tid.ts'
import type { Among } from './authority.ts'
import { hasBit } from './bits.ts'
import type { Graph, Node } from './graph.ts'
import { RANK } from './model.ts'
import { POWER, type Rules, type Universe } from './rules.ts'
import { headFor, roleChangeOf } from './subjects.ts'

/** The commit at which a device's repo stands still. */
export interface FrozenHead {
  /** a TID */
  readonly rev: string
  /** CID of the commit */
  readonly commit: string
}

/** What stops a device's commits that have not seen `seen`. For who is admin there, what admins do is passed over. */
export function freezesOf(graph: Graph, rules: Rules, device: string, seen: Among, isAdmin: boolean): Node[] {
  const about = new Set(graph.freezes(device))
  for (const person of graph.personsOf(device)) {
    const index = graph.person(person)
    for (const it of index?.roles ?? []) {
      if ((roleChangeOf(it.operation)?.rank ?? 0) < RANK.writer) about.add(it)
    }
    for (const it of index?.drops.get(device) ?? []) about.add(it)
  }
  return [...about].filter(({ index }) => {
    const power = rules.lowers(index)
    return power !== POWER.none && !seen(index) && !(isAdmin && power === POWER.admin)
  })
}

/** The head that these freezes leave; undefined when nothing stays. */
export function frozenHead(
  rules: Rules,
  device: string,
  freezes: readonly Node[],
  whole: Universe,
): FrozenHead | undefined {
  const voids = freezes.filter(({ operation: { act } }) => act.kind === 'freeze' && act.body.void)
  const naming = freezes.filter(
    (it) => !voids.includes(it) && voids.every((other) => hasBit(it.seen, other.index)),
  )
  const full = naming.filter((it) => rules.grants(it, whole))
  // A head that only those name who were lowered themselves is no reason to let more in.
  const wanted = full.length > 0 ? 1 : -1
  const [first, ...more] = (full.length > 0 ? full : naming).map((it) => headOf(it, device))
  return more.reduce((best, it) => (compareHeads(it, best) * wanted > 0 ? it : best), first)
}

function headOf({ operation }: Node, device: string): FrozenHead | undefined {
  const { rev, commit } = headFor(operation, device) ?? {}
  // Both or none, by their shape.
  return typeof rev === 'string' && typeof commit === 'string' ? { rev, commit } : undefined
}

/** Nothing first, then by rev; of one rev the lower CID is the greater. */
function compareHeads(a: FrozenHead | undefined, b: FrozenHead | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined)
  return compareRev(a.rev, b.rev) || (a.commit === b.commit ? 0 : a.commit < b.commit ? 1 : -1)
}
