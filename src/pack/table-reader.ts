import { createByteReader, type ByteReader } from './byte-reader.ts'
import { readMagic } from './header.ts'
import { readJsonNotNull } from './json-text.ts'
import { TABLE_LIMITS, type PackLimits } from './limits.ts'
import {
  COLUMN_TYPES,
  MAX_COLUMNS,
  TABLE_MAGIC,
  TABLE_VERSION,
  type Column,
  type Table,
} from './table-model.ts'
import { setOwn, type Cell, type Row } from './values.ts'

/**
 * The table of a decompressed snapshot chunk, format SBT1 version 1. Strict: nothing may follow the last row,
 * spare bits of the null map are zero, and no two columns share a name. Values are copies.
 *
 * Throws a `PackError` with the byte's offset.
 */
export function decodeTable(bytes: Uint8Array, limits: PackLimits = TABLE_LIMITS): Table {
  const reader = createByteReader(bytes, limits)
  const table = readTable(reader)
  reader.end()
  return table
}

/** The table that comes next. */
export function readTable(reader: ByteReader): Table {
  readMagic(reader, TABLE_MAGIC, TABLE_VERSION)
  const table = reader.str16()
  const columns = readColumns(reader)
  const mapBytes = (columns.length + 7) >> 3
  const at = reader.offset()
  // Every row has at least its null map. Rows of no column take no bytes, so any number of them could be claimed.
  const rowCount = reader.count(mapBytes)
  if (rowCount > 0 && columns.length === 0) throw reader.error('pack.count', { offset: at, count: rowCount })
  reader.unfold(rowCount * columns.reduce((sum, { name }) => sum + 8 + name.length, 0))
  const rows: Row[] = []
  const sole = columns.length === 1 ? columns[0] : undefined
  for (let i = 0; i < rowCount; i++)
    rows.push(sole === undefined ? readRow(reader, columns, mapBytes) : readSole(reader, sole))
  return { table, columns, rows }
}

function readColumns(reader: ByteReader): Column[] {
  const at = reader.offset()
  const count = reader.count(4, 2)
  if (count > MAX_COLUMNS) throw reader.error('pack.too-large', { offset: at, reason: 'columns', count })
  const names = new Set<string>()
  const columns: Column[] = []
  for (let i = 0; i < count; i++) {
    const start = reader.offset()
    const name = reader.str16()
    const typeAt = reader.offset()
    const type = COLUMN_TYPES[reader.u8() - 1]
    if (type === undefined) throw reader.error('pack.column', { offset: typeAt, reason: 'type' })
    const flags = reader.u8()
    if (flags > 1) throw reader.error('pack.column', { offset: typeAt + 1, reason: 'flags' })
    if (names.has(name)) throw reader.error('pack.column', { offset: start, reason: 'twice' })
    names.add(name)
    columns.push(flags === 1 ? { name, type, nullable: true } : { name, type })
  }
  return columns
}

/** A row of most tables: one column, and a byte that says whether it is null. */
function readSole(reader: ByteReader, column: Column): Row {
  const at = reader.offset()
  const map = reader.u8()
  if (map > 1) throw reader.error('pack.null', { offset: at, reason: 'spare bit' })
  if (map === 1 && column.nullable !== true)
    throw reader.error('pack.null', { offset: at, reason: 'column', column: column.name })
  const row: Record<string, Cell> = {}
  setOwn(row, column.name, map === 1 ? null : readCell(reader, column))
  return row
}

function readRow(reader: ByteReader, columns: readonly Column[], mapBytes: number): Row {
  const at = reader.offset()
  const map = reader.take(mapBytes)
  const mapAt = (byte: number): number => map[byte] ?? 0
  const spare = columns.length & 7
  // What is shifted down stands for no column.
  if (spare !== 0 && mapAt(mapBytes - 1) >> spare !== 0) {
    throw reader.error('pack.null', { offset: at + mapBytes - 1, reason: 'spare bit' })
  }
  const row: Record<string, Cell> = {}
  for (let index = 0; index < columns.length; index++) {
    const column = columns[index]
    if (column === undefined) continue
    const isNull = ((mapAt(index >> 3) >> (index & 7)) & 1) === 1
    if (isNull && column.nullable !== true) {
      throw reader.error('pack.null', { offset: at + (index >> 3), reason: 'column', column: column.name })
    }
    setOwn(row, column.name, isNull ? null : readCell(reader, column))
  }
  return row
}

function readCell(reader: ByteReader, { type }: Column): Cell {
  switch (type) {
    case 'string':
      return reader.str32()
    case 'integer':
      return reader.i64()
    case 'float':
      return reader.f64()
    case 'boolean':
      return reader.bool()
    case 'json':
      return readJsonNotNull(reader)
    case 'bytes':
      return reader.bytes32()
  }
}
