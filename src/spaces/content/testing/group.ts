import type { Role } from '../../members/model.ts'
import { createContent } from '../content.ts'
import type { Content, Edit, Entity, InnerRecord, Kind, WhoIs } from '../model.ts'
import { KINDS } from '../model.ts'
import { itemOf } from '../ids.ts'
import { CairnError } from '../../../core/errors.ts'

/** The DID of a device or person that has a short name: letters without `l`, `I` and `O`. */
export const did = (name: string): string => `did:key:zDn${name.padEnd(46, 'x')}`

/** Persons with their devices and roles, and hidden items: what the members' operations would say. */
export interface Group extends WhoIs {
  readonly persons: Map<string, string>
  readonly roles: Map<string, Role>
  readonly hidden: Set<string>
}

/** Each person is named for the first of their devices. */
export function createGroup(people: Readonly<Record<string, readonly string[]>>, admin: string): Group {
  const persons = new Map<string, string>()
  const roles = new Map<string, Role>()
  for (const [person, devices] of Object.entries(people)) {
    for (const device of devices) persons.set(did(device), did(person))
    roles.set(did(person), person === admin ? 'admin' : 'writer')
  }
  const hidden = new Set<string>()
  return {
    persons,
    roles,
    hidden,
    personOf: (device) => persons.get(device),
    roleOf: (person) => roles.get(person) ?? 'none',
    isHidden: (item) => hidden.has(item),
  }
}

/** A device with its own view of the space, and what it has written. */
export interface Replica {
  readonly device: string
  readonly content: Content
  /** its records as they are now, by collection and rkey */
  readonly own: Map<string, InnerRecord>
  edit(edits: readonly Edit[], now?: number): readonly InnerRecord[]
}

export function createReplica(who: WhoIs, name: string): Replica {
  const device = did(name)
  const content = createContent({ who })
  const own = new Map<string, InnerRecord>()
  return {
    device,
    content,
    own,
    edit(edits, now = 0) {
      const records = content.edit(device, edits, now)
      for (const record of records) {
        own.set(`${record.collection}/${record.rkey}`, record)
        content.put(device, record, record.value)
      }
      return records
    },
  }
}

/** Hands over all that one device has written so far. */
export function give(from: Replica, to: Content): void {
  for (const record of from.own.values()) to.put(from.device, record, record.value)
}

/** All that can be seen of a content, as text. */
export function shown(content: Content, persons: Iterable<string>): string {
  const kinds = KINDS.map((kind) => [
    kind,
    content.list(kind).map(({ id }) => id),
    content
      .list(kind, { hidden: true, deleted: true })
      .map((entity) => [
        entity,
        content.history(kind, entity.id),
        content.replies(itemOf(kind, entity.id)).map(({ id }) => id),
        content.reactions(itemOf(kind, entity.id)),
      ]),
  ])
  const news = [...persons].map((person) => [
    content.unread(person),
    content.mentions(person).map(({ id }) => id),
  ])
  return JSON.stringify([content.counter, kinds, news], (_, value: unknown) => inOneOrder(value))
}

/** Maps say the same in whatever order their keys are. */
function inOneOrder(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value]
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** An entity that has to be there. */
export function have<K extends Kind>(content: Content, kind: K, id: string): Entity<K> {
  const entity = content.get(kind, id)
  if (entity === undefined) throw new Error(`no ${kind}/${id}`)
  return entity
}

/** The code of what is thrown, or `none`. */
export function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error) {
    if (!(error instanceof CairnError)) throw error
    return error.code
  }
}
