import type { Graph, Node } from './graph.ts'
import { joinOf } from './joins.ts'
import { MAX_IDLE_JOINS, type Operation } from './model.ts'
import type { Rules, Universe } from './rules.ts'

/** What there is room for (docs/space-members.md, "Floods"), by all that is here. */
export interface Room {
  /**
   * Whether an operation may be taken in though nobody needs it. Who has a link can make devices without end: of those
   * whom nothing but a join names, only what may come to count is taken in.
   */
  readonly hasRoom: (operation: Operation) => boolean
  /** Whether a device has, or had, a part here that others gave it, or came by a join that is accepted. */
  readonly hasPart: (device: string) => boolean
}

export function createRoom(graph: Graph, rules: Rules, whole: Universe): Room {
  /** Ids of the joins that are accepted by their own time and number, whoever made the link. */
  const acceptedBy = (link: string): Set<string> =>
    new Set(
      (graph.link(link)?.made ?? []).flatMap((it) =>
        rules.joins.acceptance(it, whole).accepted.map(({ id }) => id),
      ),
    )

  const isAccepted = ({ operation: { letter } }: Node): boolean =>
    letter?.of === 'join' && acceptedBy(letter.join.link).has(letter.join.id)

  const isEnrolledByOthers = (device: string): boolean =>
    graph.personsOf(device).some((person) =>
      graph
        .person(person)
        ?.enrolments.get(device)
        ?.some((it) => it.operation.act.kind !== 'join'),
    )

  /** Once given it stays, or what waits for others could come in with one and not with another. */
  const hasPart = (device: string): boolean =>
    isEnrolledByOthers(device) ||
    graph.naming(device).some(({ operation: { act } }) => act.kind === 'role' && act.body.role !== 'none') ||
    graph.by(device).some(isAccepted)

  return {
    hasPart,
    hasRoom({ authority, author, letter }) {
      if (authority !== null) return true
      if (letter?.of !== 'join') return hasPart(author) || graph.personsOf(author).length === 0
      const { join } = letter
      const { made = [], joins = [] } = graph.link(join.link) ?? {}
      const accepted = acceptedBy(join.link)
      const idle = joins.filter((it) => !accepted.has(joinOf(it).id)).length
      return (
        idle < MAX_IDLE_JOINS ||
        made.some((it) => !rules.joins.acceptance(it, whole, join).ignored.has(join.id))
      )
    },
  }
}
