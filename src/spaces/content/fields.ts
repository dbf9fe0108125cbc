import * as v from 'valibot'
import { isDid, isTid } from '../../core/syntax.ts'
import { isDeviceDid } from '../../repo/space/uri.ts'
import { bytesUpTo } from '../maps.ts'
import { MAX_CHUNKS } from '../sealing/file.ts'
import { COUNTER_END } from './clock.ts'
import { parseItem } from './ids.ts'
import type { Fields, FieldValue, Kind } from './model.ts'
import { isOrder } from './order.ts'

/** Lengths are in UTF-16 units, as `String.length` counts them. */
export const MAX_NAME = 200
const MAX_TITLE = 500
const MAX_ABOUT = 5_000
const MAX_TEXT = 20_000
const MAX_EMOJI = 32
const MAX_TYPE = 200
const MAX_DID = 256
/** Ids of the chunks, and what says that they are. */
const MAX_SEALED = MAX_CHUNKS * 32 + 1_024
const MAX_PREVIEW = 32_768

const textUpTo = (most: number) => v.pipe(v.string(), v.maxLength(most))
const listUpTo = <S extends v.GenericSchema>(most: number, item: S) =>
  v.pipe(v.array(item), v.maxLength(most))
const wholeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const did = v.pipe(textUpTo(MAX_DID), v.check(isDid))
const person = v.pipe(v.string(), v.check(isDeviceDid))

const itemOfKinds = (...kinds: readonly Kind[]) =>
  v.pipe(
    v.string(),
    v.check((text) => {
      const item = parseItem(text)
      return item !== undefined && kinds.includes(item.kind)
    }),
  )
const anything = itemOfKinds('post', 'note', 'task', 'file')
const file = itemOfKinds('file')

const origin = v.strictObject({
  name: textUpTo(MAX_NAME),
  at: v.pipe(v.number(), v.safeInteger()),
})

/** A copy that is kept: without a rev it was not here yet. */
const kept = v.strictObject({
  did,
  rev: v.pipe(
    v.string(),
    v.check((text) => text === '' || isTid(text)),
  ),
  at: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})

const day = v.pipe(v.string(), v.check(isDay))
const order = v.pipe(v.string(), v.check(isOrder))

/**
 * What a value of each field has to be. None of it asks a table of the host (scripts, graphemes), which differ from
 * one browser to the next: two devices would see two things in the same records.
 */
const SHAPES: {
  readonly [K in Kind]: { readonly [F in keyof Fields[K]]-?: v.GenericSchema }
} = {
  space: { title: textUpTo(MAX_TITLE), about: textUpTo(MAX_ABOUT), backup: v.boolean() },
  profile: {
    name: textUpTo(MAX_NAME),
    picture: file,
    repos: listUpTo(100, did),
    keeps: listUpTo(500, kept),
    account: v.nullable(did),
  },
  post: {
    text: textUpTo(MAX_TEXT),
    parent: anything,
    files: listUpTo(50, file),
    mentions: listUpTo(100, person),
    from: origin,
  },
  reaction: {
    target: anything,
    emoji: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_EMOJI)),
    on: v.boolean(),
  },
  note: { title: textUpTo(MAX_TITLE), from: origin },
  task: {
    title: textUpTo(MAX_TITLE),
    done: v.boolean(),
    assignee: v.nullable(person),
    due: v.nullable(day),
    order,
    from: origin,
  },
  file: {
    name: textUpTo(MAX_NAME),
    type: v.pipe(textUpTo(MAX_TYPE), v.regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/)),
    size: wholeNumber,
    sealed: bytesUpTo(MAX_SEALED),
    preview: bytesUpTo(MAX_PREVIEW),
    from: origin,
  },
  pin: { target: anything, on: v.boolean(), order },
  read: { upTo: v.pipe(wholeNumber, v.maxValue(COUNTER_END - 1)) },
}

const RULES: ReadonlyMap<Kind, ReadonlyMap<string, v.GenericSchema>> = new Map(
  // `Object.entries` forgets which keys there are.
  (Object.entries(SHAPES) as [Kind, Readonly<Record<string, v.GenericSchema>>][]).map(([kind, shapes]) => [
    kind,
    new Map([...Object.entries(shapes), ['deleted', v.boolean()]]),
  ]),
)

/** True for fields that this version knows. */
export const isField = (kind: Kind, name: string): boolean => RULES.get(kind)?.has(name) === true

/** True when the kind has the field and it may have this value; undefined is a field that was taken back. */
export function fits(kind: Kind, name: string, value: FieldValue | undefined): boolean {
  const shape = RULES.get(kind)?.get(name)
  return shape !== undefined && (value === undefined || v.is(shape, value))
}

/** As `fits`, for what this device is about to write: here the host's tables may have a say. */
export function mayWrite(kind: Kind, name: string, value: FieldValue): boolean {
  return fits(kind, name, value) && isWellFormed(value) && (name !== 'emoji' || isOneCharacter(value))
}

/** No lone surrogates, which UTF-8 cannot hold. Values that fit nest no deeper than a list or a map. */
function isWellFormed(value: FieldValue): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return true
  return Object.values(value).every(isWellFormed)
}

/** What a reader sees as one character, and no blank. */
function isOneCharacter(value: FieldValue): boolean {
  if (typeof value !== 'string' || /[\s\p{Cc}]/u.test(value)) return false
  const clusters = [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(value)]
  return clusters.length === 1
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** `YYYY-MM-DD` of a day that there is, in the calendar that is in use. */
function isDay(text: string): boolean {
  const [, y, m, d] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []
  const [year, month, date] = [Number(y), Number(m), Number(d)]
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const days = (DAYS[month - 1] ?? 0) + (month === 2 && isLeap ? 1 : 0)
  return date >= 1 && date <= days
}
