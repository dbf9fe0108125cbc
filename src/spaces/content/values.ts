import { BytesWrapper, CidLinkWrapper } from '@atcute/cbor'
import { equalBytes } from '../../core/bytes.ts'
import type { FieldValue } from './model.ts'

/** Names of fields, and of what newer versions may put beside them. */
const NAME = /^[a-z][a-zA-Z0-9]{0,31}$/

export const isFieldName = (name: string): boolean => NAME.test(name)

/** How deep lists and maps in a value may nest: in a register's history it has to fit too. */
const MAX_DEPTH = 4

/**
 * What the decoder gave, as a value of a field: byte strings as copies. Undefined when it holds what no field does:
 * a link, or a name that begins with `$` (which would be written as something else), or nests too deep.
 */
export function toFieldValue(value: unknown, depth: number = MAX_DEPTH): FieldValue | undefined {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
      return value
    case 'object':
      break
    default:
      return undefined
  }
  if (value === null) return null
  if (value instanceof BytesWrapper) return new Uint8Array(value.buf)
  if (value instanceof CidLinkWrapper) return undefined
  if (depth === 0) return undefined
  return Array.isArray(value) ? listOf(value, depth - 1) : mapOf(value, depth - 1)
}

function listOf(value: readonly unknown[], depth: number): FieldValue | undefined {
  const list: FieldValue[] = []
  for (const item of value) {
    const read = toFieldValue(item, depth)
    if (read === undefined) return undefined
    list.push(read)
  }
  return list
}

function mapOf(value: object, depth: number): FieldValue | undefined {
  const entries: [string, FieldValue][] = []
  for (const [name, item] of Object.entries(value)) {
    const read = name.startsWith('$') ? undefined : toFieldValue(item, depth)
    if (read === undefined) return undefined
    entries.push([name, read])
  }
  // Keys become own properties even when they are called `__proto__`.
  return Object.fromEntries(entries)
}

/** True for two values that are written with the same bytes; undefined is a field that is not set. */
export function sameValue(a: FieldValue | undefined, b: FieldValue | undefined): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Uint8Array || b instanceof Uint8Array)
    return a instanceof Uint8Array && b instanceof Uint8Array && equalBytes(a, b)
  if (isList(a) || isList(b))
    return isList(a) && isList(b) && a.length === b.length && a.every((item, at) => sameValue(item, b[at]))
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && sameValue(a[name], b[name]))
  )
}

/** `Array.isArray` does not narrow a readonly array. */
const isList = (value: FieldValue): value is readonly FieldValue[] => Array.isArray(value)
