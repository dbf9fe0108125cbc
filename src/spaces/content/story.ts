import { itemOf } from './ids.ts'
import { ContentError } from './errors.ts'
import { type Counted, winnersOf } from './merge.ts'
import type { Edit, FieldValue, FieldVersion, Kind } from './model.ts'
import {
  encodeRegister,
  MAX_VERSIONS,
  maxRecordBytes,
  type Register,
  type Version,
  versionBytes,
} from './register.ts'
import { sameValue } from './values.ts'

/** Bytes of earlier versions in a register, as far as they are not the last one before the present. */
const STORY_BYTES: Readonly<Partial<Record<Kind, number>>> = { file: 192 * 1024, read: 0, reaction: 0 }
const DEFAULT_STORY_BYTES = 16 * 1024
/** What a field costs in `h` and `g` beside its versions: its name twice, heads, a counter. */
const FIELD_OVERHEAD = 84

/** A version in a register's history, and how many newer ones its field has there. */
interface Entry {
  readonly name: string
  readonly version: Version
  readonly newer: number
  readonly bytes: number
}

/**
 * The register with as much of its history as may stay: of each field the newest 20, over all fields the newest that
 * fit into the kind's budget, the last one before the present in any case, if the record has room. Of a field always
 * the oldest go first.
 */
export function withHistory(kind: Kind, register: Register): Register {
  const budget = STORY_BYTES[kind] ?? DEFAULT_STORY_BYTES
  const bare = encodeRegister({ ...register, history: new Map() }).length
  const room = maxRecordBytes(kind) - bare - register.history.size * FIELD_OVERHEAD
  const history = new Map<string, Version[]>()
  const forgotten = new Map(register.forgotten)
  let [used, usedOfBudget] = [0, 0]
  for (const { name, version, newer, bytes } of entriesOf(register.history)) {
    const isLast = newer === 0 && budget > 0
    const fits = used + bytes <= room && (isLast || usedOfBudget + bytes <= budget)
    const kept = history.get(name) ?? []
    if (newer >= MAX_VERSIONS || !fits || kept.length < newer) {
      forgotten.set(name, Math.max(forgotten.get(name) ?? 0, version.counter))
      continue
    }
    used += bytes
    if (!isLast) usedOfBudget += bytes
    history.set(name, [...kept, version])
  }
  return { ...register, history, forgotten }
}

/** The newest first. */
function entriesOf(history: ReadonlyMap<string, readonly Version[]>): readonly Entry[] {
  return [...history]
    .flatMap(([name, versions]) =>
      versions.map((version, newer): Entry => {
        return { name, version, newer, bytes: versionBytes(version) }
      }),
    )
    .sort((a, b) => b.version.counter - a.version.counter || (a.name < b.name ? -1 : 1))
}

/** As `Content.history`. */
export function historyOf(registers: readonly Counted[]): readonly FieldVersion[] {
  const all: FieldVersion[] = []
  for (const { device, person, register } of registers) {
    for (const [field, present] of register.fields) {
      for (const { fits, value, at, counter } of [present, ...(register.history.get(field) ?? [])])
        if (fits) all.push({ field, value, at, counter, by: person, device })
    }
  }
  return all.sort(newestFirst)
}

function newestFirst(a: FieldVersion, b: FieldVersion): number {
  if (a.counter !== b.counter) return b.counter - a.counter
  if (a.device !== b.device) return a.device > b.device ? -1 : 1
  return a.field < b.field ? -1 : 1
}

/** As `Content.restore`. */
export function restoreOf(kind: Kind, id: string, registers: readonly Counted[], counter: number): Edit {
  if (registers.length === 0) throw new ContentError('content.unknown', { item: itemOf(kind, id) })
  const story = historyOf(registers)
  const set: Record<string, FieldValue> = {}
  const unset: string[] = []
  for (const [name, { version }] of winnersOf(kind, registers)) {
    const then = story.find((it) => it.field === name && it.counter <= counter)
    // What was forgotten after that, or instead of it, may have been the value of then.
    const isLost = registers.some(
      ({ register }) => (register.forgotten.get(name) ?? 0) > (then?.counter ?? 0),
    )
    if (isLost || sameValue(then?.value, version.value)) continue
    if (then?.value !== undefined) set[name] = then.value
    else if (name === 'deleted') set[name] = false
    else unset.push(name)
  }
  // Values that fitted their fields when they were read.
  return { kind, id, set, ...(unset.length === 0 ? {} : { unset }) }
}
