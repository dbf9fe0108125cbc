import { CODEC_DAG_CBOR, DIGEST_BYTES, cidString, parseCid } from '../../core/cid.ts'
import type { Sha256 } from '../../core/hash.ts'
import { type Column, sameColumns } from '../../pack/table-model.ts'
import { decodeTable } from '../../pack/table-reader.ts'
import { encodeTable } from '../../pack/table-writer.ts'
import { SpaceError } from '../../repo/space/errors.ts'
import { checkPathString } from '../../repo/path.ts'
import { checkChange } from '../../storage/space/change.ts'
import type { PageRecord } from '../../storage/space/pages.ts'
import { RECORD_COLUMN } from './model.ts'

/** Tables of a bootstrap: all records of a range, their paths and digests alone, or records that were asked for. */
export const SPACE_TABLES = ['records', 'index', 'wanted'] as const
export type SpaceTable = (typeof SPACE_TABLES)[number]

/** Bytes of paths and records in a page; one record is in it whatever its size. */
export const PAGE_BYTES = 1 << 20
/** Most bytes of a table, and of a chunk: a full page, the record that did not fit, and the frame of each row. */
export const MAX_TABLE_BYTES = 4 << 20

const PATH = { name: 'path', type: 'string' } as const
const columnsOf = (table: SpaceTable): readonly Column[] => [
  PATH,
  { name: table === 'index' ? 'sha256' : RECORD_COLUMN, type: 'bytes' },
]

/** The table of a page. Throws RangeError for a record without what the table has of it. */
export function writeSpaceTable(table: SpaceTable, records: readonly PageRecord[]): Uint8Array<ArrayBuffer> {
  const columns = columnsOf(table)
  const rows = records.map(({ path, cid, bytes }) => {
    const cell = table === 'index' ? parseCid(cid)?.digest : bytes
    if (cell === undefined) throw new RangeError('a page without its records')
    return { path, [columns[1]?.name ?? '']: cell }
  })
  return encodeTable({ table, columns, rows })
}

/**
 * The records of a page's table, each a record that may stand at its path, their paths ascending. Throws
 * `space.bad-answer`, `space.record`, or a `PackError`.
 */
export function readSpaceTable(table: SpaceTable, bytes: Uint8Array, sha256: Sha256): PageRecord[] {
  const limits = { maxBytes: MAX_TABLE_BYTES, maxUnfolded: MAX_TABLE_BYTES * 4 }
  const { table: name, columns, rows } = decodeTable(bytes, limits)
  if (name !== table || !sameColumns(columns, columnsOf(table))) throw bad('columns')
  let last = ''
  return rows.map((row) => {
    const { path } = row
    const cell = row[columns[1]?.name ?? '']
    if (typeof path !== 'string' || !(cell instanceof Uint8Array)) throw bad('columns')
    if (path <= last) throw bad('order')
    last = path
    if (table === 'index') {
      if (!checkPathString(path)) throw bad('path')
      if (cell.length !== DIGEST_BYTES) throw bad('digest')
      return { path, cid: cidString(CODEC_DAG_CBOR, cell) }
    }
    const { cid = '' } = checkChange({ path, bytes: cell }, sha256)
    return { path, cid, bytes: cell }
  })
}

const bad = (reason: string): SpaceError => new SpaceError('space.bad-answer', { reason })
