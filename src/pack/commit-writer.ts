import type { ByteWriter } from './byte-writer.ts'
import { PackError } from './errors.ts'
import { isTime } from './forms.ts'
import { writeJson } from './json-text.ts'
import { OPERATIONS, type Change, type ChangeScopes, type PackCommit } from './model.ts'
import type { TableSchema } from './table-model.ts'
import { writeTable } from './table-writer.ts'
import { isRow, type JsonValue, type Row } from './values.ts'

const ROW_NONE = 0
const ROW_JSON = 1
const ROW_IN_GROUP = 2

/** Rows of one table that travel in binary. */
interface Group {
  readonly index: number
  readonly schema: TableSchema
  readonly rows: Row[]
}

/**
 * Dictionaries are in the order of first use. A table has a group when the commit has its schema and at least
 * `threshold` of its rows to write; other rows are JSON in place.
 */
export function writeCommit(writer: ByteWriter, commit: PackCommit, threshold: number): void {
  if (!isTime(commit.createdAt)) throw new PackError('pack.value', { reason: 'time' })
  writer.i64(commit.commitSeq)
  writer.str32(commit.createdAt)
  writer.str32(commit.actorId)
  const tables = [...new Set(commit.changes.map(({ table }) => table))]
  const tableIndex = new Map(tables.map((table, index) => [table, index]))
  const indexOf = (table: string): number => tableIndex.get(table) ?? 0 // every change's table is in
  const scopes = scopeDictionary(commit.changes)
  const groups = planGroups(commit, threshold)
  writer.list(tables, writer.str16)
  writer.list(scopes.entries, (entry) => {
    writer.list(Object.entries(entry), ([name, value]) => {
      writer.str16(name)
      writer.str32(value)
    })
  })
  writer.list(commit.changes, (change) => {
    writer.u16(indexOf(change.table))
    writer.str32(change.rowId)
    writer.u8(OPERATIONS.indexOf(change.op) + 1)
    writeRow(writer, change, groups.get(change.table))
    writer.opt(change.rowVersion, writer.i64)
    writer.u32(scopes.indexOf(change.scopes))
  })
  writer.list([...groups.values()], ({ schema, rows }) => {
    writer.u16(indexOf(schema.table))
    writer.sized(() => writeTable(writer, { ...schema, rows }))
  })
}

function writeRow(writer: ByteWriter, { op, row }: Change, group: Group | undefined): void {
  if (row === null) {
    writer.u8(ROW_NONE)
  } else if (group === undefined || op === 'delete') {
    writer.u8(ROW_JSON)
    writeJson(writer, row)
  } else {
    writer.u8(ROW_IN_GROUP)
    writer.u32(group.index)
    writer.u32(group.rows.push(rowOf(row)) - 1)
  }
}

/** Those that there will be, in the order of first use, still empty. */
function planGroups({ changes, schemas = [] }: PackCommit, threshold: number): Map<string, Group> {
  const counts = new Map<string, number>()
  for (const { table, op, row } of changes) {
    if (op !== 'delete' && row !== null) counts.set(table, (counts.get(table) ?? 0) + 1)
  }
  const groups = new Map<string, Group>()
  for (const [table, count] of counts) {
    const schema = schemas.find((it) => it.table === table)
    if (schema !== undefined && count >= threshold)
      groups.set(table, { index: groups.size, schema, rows: [] })
  }
  return groups
}

function rowOf(value: JsonValue | Row): Row {
  if (!isRow(value)) throw new PackError('pack.value', { reason: 'row' })
  return value
}

interface ScopeDictionary {
  readonly entries: readonly ChangeScopes[]
  indexOf(scopes: ChangeScopes): number
}

/** Scopes are the same when they have the same entries in the same order. */
function scopeDictionary(changes: readonly Change[]): ScopeDictionary {
  const entries: ChangeScopes[] = []
  const byObject = new Map<ChangeScopes, number>()
  const byText = new Map<string, number>()
  for (const { scopes } of changes) {
    if (byObject.has(scopes)) continue
    const text = JSON.stringify(Object.entries(scopes))
    let index = byText.get(text)
    if (index === undefined) {
      index = entries.push(scopes) - 1
      byText.set(text, index)
    }
    byObject.set(scopes, index)
  }
  return { entries, indexOf: (scopes) => byObject.get(scopes) ?? 0 } // every change's scopes are in
}
