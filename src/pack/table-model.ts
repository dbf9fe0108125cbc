import type { Row } from './values.ts'

/** The kinds of column, in the order of their numbers from 1. */
export const COLUMN_TYPES = ['string', 'integer', 'float', 'boolean', 'json', 'bytes'] as const

export type ColumnType = (typeof COLUMN_TYPES)[number]

export interface Column {
  readonly name: string
  /** `integer` is a safe integer; `bytes` a Uint8Array; `json` any JSON value but null */
  readonly type: ColumnType
  /** false when left out */
  readonly nullable?: boolean
}

/** What a table is called and which columns it has, in their order. */
export interface TableSchema {
  readonly table: string
  readonly columns: readonly Column[]
}

/** A table of the binary format: each row has exactly the columns of the schema. */
export interface Table extends TableSchema {
  readonly rows: readonly Row[]
}

export const TABLE_MAGIC = 'SBT1'
export const TABLE_VERSION = 1
/** More is refused: SQLite has no more either. */
export const MAX_COLUMNS = 2000

/** True when both have the same columns in the same order. */
export function sameColumns(a: readonly Column[], b: readonly Column[]): boolean {
  return (
    a.length === b.length &&
    a.every((column, index) => {
      const other = b[index]
      return (
        other !== undefined &&
        column.name === other.name &&
        column.type === other.type &&
        (column.nullable ?? false) === (other.nullable ?? false)
      )
    })
  )
}
