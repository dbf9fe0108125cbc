import { toBase64 } from '@atcute/multibase'
import { personTag } from './ids.ts'
import { type Content, type Entity, type FieldValue, KINDS } from './model.ts'

/** Of the JSON form. */
export const SNAPSHOT_VERSION = 1

/** An entity as JSON has it: byte strings as `{ "$bytes": base64 }`. */
export interface SnapshotEntity {
  readonly kind: string
  readonly id: string
  readonly fields: Readonly<Record<string, unknown>>
  /** person who made it, by the `did:key` that they have in that space, and by name */
  readonly by: string
  readonly byName: string
  readonly madeAt: number
  readonly changedAt: number
}

/** The content of a space as its screens show it: nothing deleted or hidden, no history, no keys of files. */
export interface Snapshot {
  readonly version: typeof SNAPSHOT_VERSION
  /** in the order in which they were made */
  readonly entities: readonly SnapshotEntity[]
}

/** Fields that are of no use elsewhere: the key of a file opens what only that space's stores have. */
const KEPT_BACK: ReadonlySet<string> = new Set(['file/sealed'])

/** What stands in a space's export. All of it is what `JSON.stringify` keeps. */
export function exportContent(content: Content): Snapshot {
  const all = KINDS.flatMap((kind): readonly Entity[] =>
    kind === 'read' ? [] : oldestFirst(content.list(kind)),
  )
  return { version: SNAPSHOT_VERSION, entities: all.map((entity) => snapshotOf(content, entity)) }
}

/** Lists are by place where there is one, else the newest first. */
const oldestFirst = (list: readonly Entity[]): readonly Entity[] =>
  list[0]?.kind === 'task' || list[0]?.kind === 'pin' ? list : [...list].reverse()

function snapshotOf(content: Content, entity: Entity): SnapshotEntity {
  const { kind, id, by, madeAt, changedAt } = entity
  const fields = Object.entries(entity.fields) as [string, FieldValue][] // by the type of `fields`
  return {
    kind,
    id,
    fields: Object.fromEntries(
      fields.flatMap(([name, value]) => (KEPT_BACK.has(`${kind}/${name}`) ? [] : [[name, toJson(value)]])),
    ),
    by,
    byName: content.get('profile', personTag(by))?.fields.name ?? '',
    madeAt,
    changedAt,
  }
}

function toJson(value: FieldValue): unknown {
  if (value instanceof Uint8Array) return { $bytes: toBase64(value) }
  return value
}
