import { fromBase64 } from '@atcute/multibase'
import * as v from 'valibot'
import { ContentError } from './errors.ts'
import { isField, mayWrite } from './fields.ts'
import { hashId, isEntityId, itemOf, parseItem, personTag, pinId } from './ids.ts'
import { type Edit, type FieldValue, type Kind, KINDS } from './model.ts'
import { SNAPSHOT_VERSION, type SnapshotEntity } from './snapshot.ts'

const MAX_ENTITIES = 200_000

/** What an import comes to. */
export interface Imported {
  /** in an order in which counters may ascend; `Content.edit` takes them as they are */
  readonly edits: readonly Edit[]
  /** entities that were not taken: profiles, reactions and what this version does not know */
  readonly leftOut: number
}

const shape = v.object({
  version: v.number(),
  entities: v.pipe(
    v.array(
      v.object({
        kind: v.string(),
        id: v.string(),
        fields: v.record(v.string(), v.unknown()),
        by: v.string(),
        byName: v.string(),
        madeAt: v.pipe(v.number(), v.safeInteger()),
        changedAt: v.pipe(v.number(), v.safeInteger()),
      }),
    ),
    v.maxLength(MAX_ENTITIES),
  ),
})

/** Kinds that go into another space; the rest is of persons who are not there. */
const TAKEN: ReadonlySet<Kind> = new Set(['space', 'post', 'note', 'task', 'file', 'pin'])
/** Fields about persons of the space that was exported, or about how that one was kept. */
const NOT_TAKEN: ReadonlySet<string> = new Set([
  'post/mentions',
  'task/assignee',
  'space/backup',
  'file/sealed',
])

/**
 * The edits by which a person brings what `exportContent` gave into another space. Ids stay, but for posts, which
 * belong to whoever imports: they get this person's tag, and `from` tells whose words they are. What speaks of a post
 * is changed with it. `snapshot` is JSON from anywhere. Files come without content: the caller adds `sealed`.
 *
 * @throws ContentError `content.snapshot` (`reason`: `form`, or `field` with `item` and `field`), `content.version`
 */
export function importEdits(snapshot: unknown, person: string): Imported {
  const read = v.safeParse(shape, snapshot)
  if (!read.success) throw new ContentError('content.snapshot', { reason: 'form' })
  const { version, entities } = read.output
  if (version > SNAPSHOT_VERSION) throw new ContentError('content.version', { what: 'export', version })
  const taken = entities.filter(isTaken)
  const names = newNames(taken, personTag(person))
  const edits = taken.flatMap((entity) => editOf(entity, names) ?? [])
  return { edits, leftOut: entities.length - edits.length }
}

type Taken = SnapshotEntity & { readonly kind: Kind }

const isTaken = (entity: SnapshotEntity): entity is Taken =>
  KINDS.some((kind) => kind === entity.kind && TAKEN.has(kind) && isEntityId(kind, entity.id))

/** What each entity is called in the other space, by what it was called. */
function newNames(entities: readonly Taken[], tag: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const used = new Set<string>()
  for (const { kind, id } of entities) {
    const item = itemOf(kind, id)
    if (kind !== 'post') {
      names.set(item, item)
      continue
    }
    const kept = `${tag}.${id.slice(id.indexOf('.') + 1)}`
    // Two persons may have used one.
    const free = used.has(kept) ? `${tag}.${hashId(id)}` : kept
    used.add(free)
    names.set(item, itemOf(kind, free))
  }
  return names
}

function editOf(
  { kind, id, fields, byName, madeAt }: Taken,
  names: ReadonlyMap<string, string>,
): Edit | undefined {
  const item = itemOf(kind, id)
  const set: Record<string, FieldValue> = {}
  for (const [name, json] of Object.entries(fields)) {
    if (!isField(kind, name) || name === 'deleted' || NOT_TAKEN.has(`${kind}/${name}`)) continue
    const value = renamed(name, fromJson(json), names)
    if (value === undefined) continue
    if (!mayWrite(kind, name, value))
      throw new ContentError('content.snapshot', { reason: 'field', item, field: name })
    set[name] = value
  }
  if (isField(kind, 'from')) set['from'] ??= { name: byName.slice(0, 200).toWellFormed(), at: madeAt }
  const target = kind === 'pin' ? set['target'] : undefined
  if (kind === 'pin' && typeof target !== 'string') return undefined
  const newId = parseItem(names.get(item) ?? '')?.id ?? id
  return { kind, id: typeof target === 'string' ? pinId(target) : newId, set }
}

/** References by their new names; what is not among the import is left out. */
function renamed(
  name: string,
  value: FieldValue,
  names: ReadonlyMap<string, string>,
): FieldValue | undefined {
  if ((name === 'parent' || name === 'target') && typeof value === 'string') return names.get(value)
  if (name === 'files' && Array.isArray(value))
    return value.flatMap((it) => (typeof it === 'string' ? (names.get(it) ?? []) : [it]))
  return value
}

/** `{ $bytes }` as bytes. Anything else is looked at by the rules of its field. */
function fromJson(json: unknown): FieldValue {
  if (typeof json === 'object' && json !== null && '$bytes' in json && typeof json.$bytes === 'string') {
    try {
      return new Uint8Array(fromBase64(json.$bytes))
    } catch {
      return null
    }
  }
  // No rule lets through what is no value: JSON holds nothing else.
  return json as FieldValue
}
