import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { PackError } from './errors.ts'
import { MAX_JSON_DEPTH } from './limits.ts'
import type { JsonValue, Row } from './values.ts'

/**
 * The JSON value whose text comes next. Throws `pack.json` when it is none, is nested more than
 * {@link MAX_JSON_DEPTH} levels, or has a number beyond the finite doubles.
 */
export function readJson(reader: ByteReader): JsonValue {
  const offset = reader.offset()
  const text = reader.str32()
  let value: JsonValue
  try {
    // What JSON.parse gives is JSON, numbers beyond the doubles apart.
    value = JSON.parse(text) as JsonValue
  } catch {
    throw reader.error('pack.json', { offset, reason: 'syntax' })
  }
  const problem = problemIn(value, MAX_JSON_DEPTH)
  if (problem !== undefined) throw reader.error('pack.json', { offset, reason: problem })
  return value
}

/** The same where null is written by leaving the value out, and must not be spelt. */
export function readJsonNotNull(reader: ByteReader): Exclude<JsonValue, null> {
  const offset = reader.offset()
  const value = readJson(reader)
  if (value === null) throw reader.error('pack.json', { offset, reason: 'null' })
  return value
}

/** Writes the value as JSON text, keys in their own order. Throws `pack.value` for what JSON does not have. */
export function writeJson(writer: ByteWriter, value: JsonValue | Row): void {
  const problem = problemIn(value, MAX_JSON_DEPTH)
  if (problem !== undefined) throw new PackError('pack.value', { reason: problem })
  writer.str32(JSON.stringify(value))
}

/** What keeps a value from being JSON of at most `depth` levels. */
function problemIn(value: unknown, depth: number): string | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'number'
  if (typeof value !== 'object' || value instanceof Uint8Array || value instanceof Date) return 'type'
  if (depth === 0) return 'depth'
  for (const item of Array.isArray(value) ? value : Object.values(value)) {
    const problem = problemIn(item, depth - 1)
    if (problem !== undefined) return problem
  }
  return undefined
}
