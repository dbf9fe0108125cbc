import { createByteWriter, type ByteWriter } from './byte-writer.ts'
import { PackError } from './errors.ts'
import { writeMagic } from './header.ts'
import { writeJson } from './json-text.ts'
import {
  COLUMN_TYPES,
  MAX_COLUMNS,
  TABLE_MAGIC,
  TABLE_VERSION,
  type Column,
  type Table,
} from './table-model.ts'
import type { Cell, Row } from './values.ts'

/**
 * The table in format SBT1 version 1, to be compressed into a snapshot chunk. Throws `pack.value` with the
 * column's name when a row has not exactly the columns of the schema, or a value is not of its column's type.
 */
export function encodeTable(table: Table): Uint8Array<ArrayBuffer> {
  const writer = createByteWriter()
  writeTable(writer, table)
  return writer.finish()
}

export function writeTable(writer: ByteWriter, { table, columns, rows }: Table): void {
  const names = new Set(columns.map(({ name }) => name))
  if (names.size < columns.length) throw new PackError('pack.value', { reason: 'column twice', table })
  if (columns.length > MAX_COLUMNS) throw new PackError('pack.value', { reason: 'columns', table })
  if (columns.length === 0 && rows.length > 0)
    throw new PackError('pack.value', { reason: 'no columns', table })
  writeMagic(writer, TABLE_MAGIC, TABLE_VERSION)
  writer.str16(table)
  writer.u16(columns.length)
  for (const { name, type, nullable } of columns) {
    writer.str16(name)
    writer.u8(COLUMN_TYPES.indexOf(type) + 1)
    writer.u8(nullable === true ? 1 : 0)
  }
  const nulls = new Uint8Array((columns.length + 7) >> 3)
  writer.list(rows, (row) => writeRow(writer, columns, row, nulls))
}

/** `nulls` is room for the null map. */
function writeRow(writer: ByteWriter, columns: readonly Column[], row: Row, nulls: Uint8Array): void {
  const extra = Object.keys(row).length - columns.length
  nulls.fill(0)
  for (const [index, { name, nullable }] of columns.entries()) {
    const value = Object.hasOwn(row, name) ? row[name] : undefined
    if (value === undefined) throw new PackError('pack.value', { reason: 'missing', column: name })
    if (value !== null) continue
    if (nullable !== true) throw new PackError('pack.value', { reason: 'null', column: name })
    nulls[index >> 3] = (nulls[index >> 3] ?? 0) | (1 << (index & 7))
  }
  // Every column is there, so what is more has no column.
  if (extra > 0) throw new PackError('pack.value', { reason: 'no such column', extra })
  writer.raw(nulls)
  for (const column of columns) {
    const value = row[column.name]
    if (value !== null && value !== undefined) writeCell(writer, column, value)
  }
}

function writeCell(writer: ByteWriter, { name, type }: Column, value: Cell): void {
  if (type === 'string' && typeof value === 'string') writer.str32(value)
  else if (type === 'integer' && typeof value === 'number') writer.i64(value)
  else if (type === 'float' && typeof value === 'number') writer.f64(value)
  else if (type === 'boolean' && typeof value === 'boolean') writer.bool(value)
  else if (type === 'bytes' && value instanceof Uint8Array) writer.bytes32(value)
  else if (type === 'json' && !(value instanceof Uint8Array)) writeJson(writer, value)
  else throw new PackError('pack.value', { reason: 'type', column: name, type })
}
