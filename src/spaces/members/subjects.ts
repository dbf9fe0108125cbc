import { type NamedHead, type Operation, RANK } from './model.ts'

/** What operations of different kinds have in common: whom they are about, and how. */

export interface RoleChange {
  readonly person: string
  /** the role that is given, and to which any other is lowered */
  readonly rank: number
}

/** Of what gives or lowers the role of a person. */
export function roleChangeOf({ author, act }: Operation): RoleChange | undefined {
  if (act.kind === 'create') return { person: author, rank: RANK.admin }
  if (act.kind === 'role') return { person: act.body.person, rank: RANK[act.body.role] }
  if (act.kind === 'leave') return { person: act.body.person, rank: RANK.none }
  // What a join gives is its link's to say, and it lowers nobody.
  if (act.kind === 'join') return { person: author, rank: RANK.none }
  return undefined
}

export interface Enrolment {
  readonly person: string
  readonly device: string
}

/** Of what makes a device a person's. */
export function enrolmentOf({ author, act }: Operation): Enrolment | undefined {
  if (act.kind === 'create') return { person: author, device: author }
  if (act.kind === 'role' && act.body.enrol) return { person: act.body.person, device: act.body.person }
  if (act.kind === 'device') return { person: act.body.person, device: act.body.device }
  if (act.kind === 'join') return { person: author, device: author }
  return undefined
}

/** Devices that an operation is about, or whose person it is about; of a join none, since it is about its author. */
export function namedBy({ author, act }: Operation): readonly string[] {
  switch (act.kind) {
    case 'create':
      return [author]
    case 'role':
    case 'leave':
      return [act.body.person]
    case 'device':
    case 'freeze':
      return [act.body.device]
    case 'drop':
      return act.body.heads.map((it) => it.device)
    case 'cut':
      return act.body.devices
    default:
      return []
  }
}

/** `did:key` of the link that an operation is about. */
export function linkOf({ letter }: Operation): string | undefined {
  if (letter?.of === 'link') return letter.record.link
  if (letter?.of === 'join') return letter.join.link
  return letter?.closing.link
}

/** The head that an operation names for a device; undefined when it names none, or nothing. */
export function headFor({ act }: Operation, device: string): NamedHead | undefined {
  if (act.kind === 'freeze') return act.body.rev === null ? undefined : act.body
  if (act.kind !== 'role' && act.kind !== 'leave' && act.kind !== 'drop') return undefined
  return act.body.heads.find((it) => it.device === device && it.rev !== null)
}

/** The `did:key` that an operation names as successor. */
export function successorOf({ act }: Operation): string | null {
  if (act.kind === 'create') return act.body.successor
  return act.kind === 'successor' ? act.body.key : null
}

/** What a map has under a key; made there when it has nothing. */
export function indexOf<V>(map: Map<string, V>, key: string, make: () => V): V {
  const held = map.get(key)
  if (held !== undefined) return held
  const made = make()
  map.set(key, made)
  return made
}
