import { decode } from '@atcute/cbor'
import { checkDagCbor } from '../../repo/cbor/check.ts'
import { CHECK_OK } from '../../repo/cbor/codes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { COUNTER_END } from './clock.ts'
import { fits, isField } from './fields.ts'
import type { FieldValue, Kind } from './model.ts'
import { isFieldName, toFieldValue } from './values.ts'

/** Earlier versions of a field that a register keeps. */
export const MAX_VERSIONS = 20
/** What a reader takes: newer versions may keep more. */
const MAX_READ_VERSIONS = 64
const MAX_FIELDS = 64
/** A register, its three maps, lists and versions in them, and values of a few levels. */
const LIMITS = { maxDepth: 8 }
const FORMAT = 1

/** A value that one device gave a field. */
export interface Version {
  readonly counter: number
  /** ms by that device's clock */
  readonly at: number
  /** undefined: the field was taken back */
  readonly value: FieldValue | undefined
  /** this version of the app knows the field, and it may have this value; else it is only kept */
  readonly fits: boolean
}

/** What one device holds of one entity (docs/space-content.md). */
export interface Register {
  /** the counter that the device went on from when it last wrote this; a field's may be far above it */
  readonly clock: number
  /** when the device first touched the entity */
  readonly made: { readonly counter: number; readonly at: number }
  readonly fields: ReadonlyMap<string, Version>
  /** the device's own earlier values, the newest first */
  readonly history: ReadonlyMap<string, readonly Version[]>
  /** of fields whose history was cut: the counter of the newest version that went */
  readonly forgotten: ReadonlyMap<string, number>
  /** what a newer version of the app put beside these, as it was */
  readonly rest: ReadonlyMap<string, FieldValue>
}

/** Why a record is no register that this version can read. */
type Unreadable = 'content.too-large' | 'content.malformed' | 'content.version'

/** Most bytes of a register. A file's holds the ids of its chunks, and a preview. */
export const maxRecordBytes = (kind: Kind): number => (kind === 'file' ? 768 : 64) * 1024

/** Most registers have no history: they share one map of it. */
const NONE: ReadonlyMap<string, never> = new Map<string, never>()

/** Reads the value of an inner record. It keeps no part of the bytes. */
export function readRegister(kind: Kind, bytes: Uint8Array): Register | Unreadable {
  if (bytes.length > maxRecordBytes(kind)) return 'content.too-large'
  if (checkDagCbor(bytes, 0, bytes.length, LIMITS) !== CHECK_OK) return 'content.malformed'
  const value: unknown = decode(bytes)
  if (!isMap(value)) return 'content.malformed'
  if (typeof value['v'] === 'number' && value['v'] > FORMAT) return 'content.version'
  return readMap(kind, value) ?? 'content.malformed'
}

const OWN_KEYS: ReadonlySet<string> = new Set(['v', 'c', 'm', 'f', 'h', 'g'])

function readMap(kind: Kind, value: Readonly<Record<string, unknown>>): Register | undefined {
  const { v: format, c: clock, m: first, f, h, g } = value
  const made = readStamp(first, 2)
  if (format !== FORMAT || made === undefined || !isCounter(clock)) return undefined
  const fields = readFields(kind, f, made.counter)
  if (fields === undefined || !isReached(clock, fields)) return undefined
  const history = h === undefined ? NONE : readHistory(kind, h, made.counter, fields)
  if (history === undefined) return undefined
  const forgotten = g === undefined ? NONE : readForgotten(g, made.counter, fields, history)
  const others = Object.keys(value).filter((name) => !OWN_KEYS.has(name))
  const rest = others.length === 0 ? NONE : readRest(value, others)
  if (forgotten === undefined || rest === undefined) return undefined
  return { clock, made, fields, history, forgotten, rest }
}

type Fields = Register['fields']

/** What was written last has at least the counter that was gone on from. */
function isReached(clock: number, fields: Fields): boolean {
  for (const { counter } of fields.values()) if (counter >= clock) return true
  return false
}

function readFields(kind: Kind, value: unknown, made: number): Fields | undefined {
  const entries = entriesOf(value)
  if (entries === undefined || entries.length === 0) return undefined
  const fields = new Map<string, Version>()
  for (const [name, item] of entries) {
    const version = readVersion(kind, name, item)
    if (version === undefined || version.counter < made) return undefined
    fields.set(name, version)
  }
  return fields
}

function readHistory(
  kind: Kind,
  value: unknown,
  made: number,
  fields: Fields,
): Register['history'] | undefined {
  const entries = entriesOf(value)
  if (entries === undefined) return undefined
  const history = new Map<string, readonly Version[]>()
  for (const [name, list] of entries) {
    const versions = readVersions(kind, name, list, fields.get(name)?.counter ?? 0, made)
    if (versions === undefined) return undefined
    history.set(name, versions)
  }
  return history
}

/** Versions of one field, from [made, below), the newest first. */
function readVersions(
  kind: Kind,
  name: string,
  list: unknown,
  below: number,
  made: number,
): readonly Version[] | undefined {
  if (!Array.isArray(list) || list.length > MAX_READ_VERSIONS) return undefined
  const versions: Version[] = []
  for (const item of list) {
    const version = readVersion(kind, name, item)
    const last = versions.at(-1)?.counter ?? below
    if (version === undefined || version.counter >= last || version.counter < made) return undefined
    versions.push(version)
  }
  return versions
}

function readForgotten(
  value: unknown,
  made: number,
  fields: Fields,
  history: Register['history'],
): Register['forgotten'] | undefined {
  const entries = entriesOf(value)
  if (entries === undefined) return undefined
  const forgotten = new Map<string, number>()
  for (const [name, counter] of entries) {
    const oldest = history.get(name)?.at(-1) ?? fields.get(name)
    if (!isCounter(counter) || counter < made || counter >= (oldest?.counter ?? 0)) return undefined
    forgotten.set(name, counter)
  }
  return forgotten
}

function readVersion(kind: Kind, name: string, item: unknown): Version | undefined {
  const stamp = readStamp(item, 3) ?? readStamp(item, 2)
  if (stamp === undefined || !Array.isArray(item)) return undefined
  const value = item.length === 3 ? toFieldValue(item[2]) : undefined
  if (item.length === 3 && value === undefined) return undefined
  return { ...stamp, value, fits: fits(kind, name, value) }
}

/** `[counter, at, …]` of this length. */
function readStamp(item: unknown, length: number): { counter: number; at: number } | undefined {
  if (!Array.isArray(item) || item.length !== length) return undefined
  const [counter, at]: readonly unknown[] = item
  return isCounter(counter) && typeof at === 'number' ? { counter, at } : undefined
}

function readRest(
  value: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Register['rest'] | undefined {
  const rest = new Map<string, FieldValue>()
  for (const name of names) {
    const item = isFieldName(name) ? toFieldValue(value[name]) : undefined
    if (item === undefined) return undefined
    rest.set(name, item)
  }
  return rest
}

/** A map's pairs, when its keys are names of fields and not too many. */
function entriesOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (!isMap(value)) return undefined
  const entries = Object.entries(value)
  return entries.length <= MAX_FIELDS && entries.every(([name]) => isFieldName(name)) ? entries : undefined
}

/** Of what the decoder gives, plain objects are maps; byte strings and links are of classes. */
const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

const isCounter = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value < COUNTER_END

/** The first known field whose value does not fit; undefined when all do. */
export function misfit(kind: Kind, register: Register): string | undefined {
  for (const [name, version] of register.fields) if (!version.fits && isField(kind, name)) return name
  return undefined
}

/** The value of the inner record, in DAG-CBOR. */
export function encodeRegister(register: Register): Uint8Array<ArrayBuffer> {
  const { clock, made, fields, history, forgotten, rest } = register
  const stories = [...history].filter(([, versions]) => versions.length > 0)
  return encodeDagCbor({
    ...Object.fromEntries(rest),
    v: FORMAT,
    c: clock,
    m: [made.counter, made.at],
    f: Object.fromEntries([...fields].map(([name, version]) => [name, tupleOf(version)])),
    ...(stories.length === 0
      ? {}
      : { h: Object.fromEntries(stories.map(([name, versions]) => [name, versions.map(tupleOf)])) }),
    ...(forgotten.size === 0 ? {} : { g: Object.fromEntries(forgotten) }),
  })
}

const tupleOf = ({ counter, at, value }: Version): readonly FieldValue[] =>
  value === undefined ? [counter, at] : [counter, at, value]

/** Bytes that a version takes in a register. */
export const versionBytes = (version: Version): number => encodeDagCbor(tupleOf(version)).length
