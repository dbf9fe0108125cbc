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

/** A change with its row where that came along, else without one yet: the groups come after all changes. */
type Unresolved = { -readonly [K in keyof Change]: Change[K] }

/** Where the rows of changes are, {@link PLACE} numbers each: a commit has thousands, so none has an object for it. */
type Places = number[]
/** The group, the row in it, and the offset where that is said; the group is {@link NO_GROUP} without a place. */
const PLACE = 3
const NO_GROUP = -1

/** @param shares cells of rows that travel in binary are views of the bytes */
export function readCommit(reader: ByteReader, columnsOf: ColumnsOf, shares: boolean): PackCommit {
  const commitSeq = reader.i64()
  const createdAt = readTime(reader)
  const actorId = reader.str32()
  const tables = readList(reader, 2, (it) => it.str16())
  const scopes = readList(reader, 4, readScopes)
  const places: Places = []
  const changes = readList(reader, 13, (it) => readChange(it, tables, scopes, places))
  const groups = readGroups(reader, tables, columnsOf, shares)
  const inGroups = resolveRows(reader, changes, places, groups)
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
  places: Places,
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
  const group = kind === ROW_IN_GROUP ? reader.u32() : NO_GROUP
  places.push(group, kind === ROW_IN_GROUP ? reader.u32() : 0, offset)
  // Rows travel in groups to be written, so what is taken away has none.
  if (group !== NO_GROUP && op === 'delete') throw reader.error('pack.row-ref', { offset, reason: 'delete' })
  const rowVersion = readOption(reader, reader.i64)
  const scopeAt = reader.offset()
  const entry = scopes[reader.u32()]
  if (entry === undefined) throw reader.error('pack.index', { offset: scopeAt, reason: 'scope' })
  reader.unfold(table.length + entry.size)
  const change = { table, rowId, op, row, scopes: entry.scopes }
  return rowVersion === undefined ? change : { ...change, rowVersion }
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

/** Puts the rows into their changes, and gives the groups that they came from. */
function resolveRows(
  reader: ByteReader,
  changes: readonly Unresolved[],
  places: Places,
  groups: readonly Table[],
): Set<number> {
  const used = groups.map(({ rows }) => new Uint8Array(rows.length))
  const inGroups = new Set<number>()
  let next = 0
  for (const change of changes) {
    const index = places[next] ?? NO_GROUP
    const at = places[next + 1] ?? 0
    const offset = places[next + 2] ?? 0
    next += PLACE
    if (index === NO_GROUP) continue
    const group = groups[index]
    const row = group?.rows[at]
    const seen = used[index]
    if (group === undefined || row === undefined || seen === undefined) {
      throw reader.error('pack.row-ref', { offset, reason: 'range' })
    }
    if (group.table !== change.table) throw reader.error('pack.row-ref', { offset, reason: 'table' })
    if (seen[at] === 1) throw reader.error('pack.row-ref', { offset, reason: 'twice' })
    seen[at] = 1
    change.row = row
    inGroups.add(index)
  }
  return inGroups
}
