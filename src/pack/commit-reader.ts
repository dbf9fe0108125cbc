import type { ByteReader } from './byte-reader.ts'
import { readJsonNotNull } from './json-text.ts'
import { OPERATIONS, type Change, type ChangeScopes, type PackCommit } from './model.ts'
import { readList, readOption, readTime } from './read-parts.ts'
import { sameColumns, type Column, type Table } from './table-model.ts'
import { readTable } from './table-reader.ts'
import { setOwn } from './values.ts'

/** The columns that a table must have; undefined for a table that may have any. */
export type ColumnsOf = (table: string) => readonly Column[] | undefined

const ROW_JSON = 1
const ROW_IN_GROUP = 2

/** A change whose row is not looked up yet: the groups come after all changes. */
interface Unresolved {
  /** with its row where that came along, else without one yet */
  readonly change: { -readonly [K in keyof Change]: Change[K] }
  readonly place: { readonly group: number; readonly row: number; readonly offset: number } | undefined
}

/** @param shares cells of rows that travel in binary are views of the bytes */
export function readCommit(reader: ByteReader, columnsOf: ColumnsOf, shares: boolean): PackCommit {
  const commitSeq = reader.i64()
  const createdAt = readTime(reader)
  const actorId = reader.str32()
  const tables = readList(reader, 2, (it) => it.str16())
  const scopes = readList(reader, 4, readScopes)
  const unresolved = readList(reader, 13, (it) => readChange(it, tables, scopes))
  const groups = readGroups(reader, tables, columnsOf, shares)
  const changes = resolveRows(reader, unresolved, groups)
  const inGroups = new Set<number>()
  for (const { place } of unresolved) if (place !== undefined) inGroups.add(place.group)
  const schemas = groups.flatMap(({ table, columns }, index) =>
    inGroups.has(index) ? { table, columns } : [],
  )
  return { commitSeq, createdAt, actorId, changes, ...(schemas.length === 0 ? {} : { schemas }) }
}

/** A scope of the dictionary, and how many characters it stands for. */
interface ScopeEntry {
  readonly scopes: ChangeScopes
  readonly size: number
}

/** Of a name that comes twice, the last value holds, as the format says. */
function readScopes(reader: ByteReader): ScopeEntry {
  const count = reader.count(6)
  const scopes: Record<string, string> = {}
  let size = 0
  for (let i = 0; i < count; i++) {
    const name = reader.str16()
    const value = reader.str32()
    setOwn(scopes, name, value)
    size += name.length + value.length
  }
  return { scopes, size }
}

function readChange(
  reader: ByteReader,
  tables: readonly string[],
  scopes: readonly ScopeEntry[],
): Unresolved {
  const start = reader.offset()
  const table = tables[reader.u16()]
  if (table === undefined) throw reader.error('pack.index', { offset: start, reason: 'table' })
  const rowId = reader.str32()
  const opAt = reader.offset()
  const op = OPERATIONS[reader.u8() - 1]
  if (op === undefined) throw reader.error('pack.unknown', { offset: opAt, reason: 'operation' })
  const kind = reader.u8()
  if (kind > ROW_IN_GROUP) throw reader.error('pack.unknown', { offset: opAt + 1, reason: 'row kind' })
  const offset = reader.offset()
  const row = kind === ROW_JSON ? readJsonNotNull(reader) : null
  const place = kind === ROW_IN_GROUP ? { group: reader.u32(), row: reader.u32(), offset } : undefined
  // Rows travel in groups to be written, so what is taken away has none.
  if (place !== undefined && op === 'delete') throw reader.error('pack.row-ref', { offset, reason: 'delete' })
  const rowVersion = readOption(reader, reader.i64)
  const scopeAt = reader.offset()
  const entry = scopes[reader.u32()]
  if (entry === undefined) throw reader.error('pack.index', { offset: scopeAt, reason: 'scope' })
  reader.unfold(table.length + entry.size)
  const change = {
    table,
    rowId,
    op,
    row,
    scopes: entry.scopes,
  }
  return { change: rowVersion === undefined ? change : { ...change, rowVersion }, place }
}

/** A table has one group at most, so that its rows have one schema. */
function readGroups(
  reader: ByteReader,
  tables: readonly string[],
  columnsOf: ColumnsOf,
  shares: boolean,
): Table[] {
  const seen = new Set<string>()
  return readList(reader, 22, () => {
    const offset = reader.offset()
    const group = readGroup(reader, tables, columnsOf, shares)
    if (seen.has(group.table))
      throw reader.error('pack.group', { offset, reason: 'twice', table: group.table })
    seen.add(group.table)
    return group
  })
}

function readGroup(
  reader: ByteReader,
  tables: readonly string[],
  columnsOf: ColumnsOf,
  shares: boolean,
): Table {
  const start = reader.offset()
  const named = tables[reader.u16()]
  if (named === undefined) throw reader.error('pack.index', { offset: start, reason: 'table' })
  const size = reader.u32()
  const offset = reader.offset()
  const part = reader.part(size, shares)
  const table = readTable(part)
  part.end()
  if (table.table !== named) throw reader.error('pack.group', { offset, table: table.table, named })
  const columns = columnsOf(named)
  if (columns !== undefined && !sameColumns(columns, table.columns)) {
    throw reader.error('pack.schema', { offset, table: named })
  }
  return table
}

function resolveRows(
  reader: ByteReader,
  unresolved: readonly Unresolved[],
  groups: readonly Table[],
): Change[] {
  const used = groups.map(({ rows }) => new Uint8Array(rows.length))
  return unresolved.map(({ change, place }) => {
    if (place === undefined) return change
    const { offset } = place
    const group = groups[place.group]
    const row = group?.rows[place.row]
    const seen = used[place.group]
    if (group === undefined || row === undefined || seen === undefined) {
      throw reader.error('pack.row-ref', { offset, reason: 'range' })
    }
    if (group.table !== change.table) throw reader.error('pack.row-ref', { offset, reason: 'table' })
    if (seen[place.row] === 1) throw reader.error('pack.row-ref', { offset, reason: 'twice' })
    seen[place.row] = 1
    change.row = row
    return change
  })
}
