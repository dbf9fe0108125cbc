import { COUNTER_END } from './clock.ts'
import { ContentError } from './errors.ts'
import { isField, mayWrite } from './fields.ts'
import { collectionOf, isEntityId, isOfTag, isOwned, itemOf, personTag } from './ids.ts'
import { type Won, winnersOf } from './merge.ts'
import { type Edit, type FieldValue, type InnerRecord, type Kind, KINDS, type WhoIs } from './model.ts'
import type { Replica } from './replica.ts'
import { encodeRegister, maxRecordBytes, type Register, type Version } from './register.ts'
import { withHistory } from './story.ts'
import { sameValue } from './values.ts'

/** More in one go is a mistake. */
const MAX_EDITS = 100_000

/** What one entity's fields are to become. */
interface Wish {
  readonly kind: Kind
  readonly id: string
  readonly values: Map<string, FieldValue | undefined>
}

/** As `Content.edit`. */
export function makeRecords(
  replica: Replica,
  who: WhoIs,
  device: string,
  edits: readonly Edit[],
  now: number,
): readonly InnerRecord[] {
  if (!Number.isSafeInteger(now)) throw new ContentError('content.invalid', { what: 'at' })
  if (edits.length > MAX_EDITS) throw new ContentError('content.invalid', { what: 'edits' })
  const person = who.personOf(device)
  if (person === undefined) throw new ContentError('content.no-person', { device })
  const role = who.roleOf(person)
  if (role === 'none' || role === 'reader') throw new ContentError('content.read-only', { person })
  const wishes = wishesOf(edits)
  const tag = personTag(person)
  for (const { kind, id } of wishes) {
    const item = itemOf(kind, id)
    if (kind === 'space' && role !== 'admin') throw new ContentError('content.admins-only', { item })
    if (isOwned(kind) && !isOfTag(kind, id, tag)) throw new ContentError('content.not-yours', { item })
  }
  const own = replica.device(device)
  const common = replica.counter()
  let clock = common
  const records: InnerRecord[] = []
  for (const wish of wishes) {
    const key = itemOf(wish.kind, wish.id)
    const item = replica.item(key)
    const winners = winnersOf(wish.kind, item === undefined ? [] : replica.counted(item))
    const changes = changesOf(wish, winners, common)
    if (changes.size === 0) continue
    if (own?.refused.get(key) === 'content.version') throw new ContentError('content.version', { item: key })
    clock++
    const held = own === undefined ? undefined : item?.registers.get(own)
    const register = changed(wish, held, changes, winners, { counter: clock, at: now })
    records.push({ collection: collectionOf(wish.kind), rkey: wish.id, value: bytesOf(wish, register) })
  }
  return records
}

/** The edits by entity, in the order in which each first comes; what comes later counts. */
function wishesOf(edits: readonly Edit[]): readonly Wish[] {
  const wishes = new Map<string, Wish>()
  for (const { kind, id, set, unset = [] } of edits) {
    // A kind may come from plain JavaScript.
    if (!KINDS.includes(kind)) throw new ContentError('content.invalid', { what: 'kind' })
    const refuse = (what: string): ContentError => new ContentError('content.invalid', { what, kind, id })
    if (!isEntityId(kind, id)) throw refuse('id')
    const key = itemOf(kind, id)
    const wish: Wish = wishes.get(key) ?? { kind, id, values: new Map() }
    for (const [name, value] of Object.entries(set) as [string, FieldValue][]) {
      // by the type of `set`
      if (value === undefined) continue
      if (!isEditable(kind, name) || !mayWrite(kind, name, value)) throw refuse(name)
      wish.values.set(name, copyOf(value))
    }
    for (const name of unset) {
      if (!isEditable(kind, name) || Object.hasOwn(set, name)) throw refuse(name)
      wish.values.set(name, undefined)
    }
    wishes.set(key, wish)
  }
  return [...wishes.values()]
}

/** The space itself is not deleted by a field. */
const isEditable = (kind: Kind, name: string): boolean =>
  isField(kind, name) && !(kind === 'space' && name === 'deleted')

/** The caller may go on with its bytes. */
const copyOf = (value: FieldValue): FieldValue =>
  value instanceof Uint8Array ? new Uint8Array(value) : value

/** Those of the values that are not so already. */
function changesOf(
  { kind, values }: Wish,
  winners: ReadonlyMap<string, Won>,
  common: number,
): Map<string, FieldValue | undefined> {
  const changes = new Map<string, FieldValue | undefined>()
  for (const [name, wanted] of values) {
    const present = winners.get(name)?.version.value
    if (kind === 'read' && typeof wanted === 'number') {
      // Nobody has read what is not there; and what has been read stays so.
      const upTo = Math.min(wanted, common)
      if (typeof present !== 'number' || upTo > present) changes.set(name, upTo)
      continue
    }
    const isDefault = name === 'deleted' && (present ?? false) === (wanted ?? false)
    if (!isDefault && !sameValue(present, wanted)) changes.set(name, wanted)
  }
  return changes
}

function changed(
  { kind, id }: Wish,
  held: Register | undefined,
  changes: ReadonlyMap<string, FieldValue | undefined>,
  winners: ReadonlyMap<string, Won>,
  now: Register['made'],
): Register {
  const fields = new Map(held?.fields)
  const history = new Map(held?.history)
  for (const [name, value] of changes) {
    const before = fields.get(name)
    // What is to be outdone may be out of all proportion: this field follows it, the clock does not.
    const last = Math.max(winners.get(name)?.version.counter ?? 0, before?.counter ?? 0)
    const counter = Math.max(now.counter, held?.made.counter ?? 0, last + 1)
    if (counter >= COUNTER_END)
      throw new ContentError('content.exhausted', { item: itemOf(kind, id), field: name })
    if (before !== undefined) history.set(name, [before, ...(history.get(name) ?? [])])
    const version: Version = { counter, at: now.at, value, fits: true }
    fields.set(name, version)
  }
  return withHistory(kind, {
    clock: now.counter,
    made: held?.made ?? now,
    fields,
    history,
    forgotten: held?.forgotten ?? new Map(),
    rest: held?.rest ?? new Map(),
  })
}

function bytesOf({ kind, id }: Wish, register: Register): Uint8Array {
  const value = encodeRegister(register)
  const most = maxRecordBytes(kind)
  if (value.length > most)
    throw new ContentError('content.too-large', { item: itemOf(kind, id), size: value.length, most })
  return value
}
