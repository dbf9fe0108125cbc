import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { fromUtf8Strict } from '../../core/bytes.ts'
import { PackError } from '../../pack/errors.ts'
import type { PackLimits } from '../../pack/limits.ts'
import { PACK_MAGIC, type SyncPack } from '../../pack/model.ts'
import { decodePack } from '../../pack/pack-reader.ts'
import { TABLE_MAGIC, type Table } from '../../pack/table-model.ts'
import { decodeTable } from '../../pack/table-reader.ts'
import { fileError, UsageError } from './errors.ts'

/** As much as can be shown: JSON of it fits a string, even when every character is escaped. */
const PACK_SHOWN: PackLimits = { maxBytes: 16 << 20, maxUnfolded: 64 << 20 }
const TABLE_SHOWN: PackLimits = { maxBytes: 48 << 20, maxUnfolded: 32 << 20 }

/** What a file of the sync pack formats holds, or why it is refused. */
export interface PackFinding {
  /** of the file */
  readonly bytes: number
  /** the table was compressed, as chunks are */
  readonly gzip: boolean
  readonly pack?: SyncPack
  readonly table?: Table
  readonly refusal?: PackError
}

/** Reads a sync pack, a table, or the gzip of a table. Throws `cli.file`. */
export function readPackFile(path: string): PackFinding {
  const file = readSmallFile(path)
  if (file instanceof PackError) return { bytes: Number(file.fields['size']), gzip: false, refusal: file }
  const gzip = file[0] === 0x1f && file[1] === 0x8b
  const found = { bytes: file.length, gzip }
  try {
    const bytes = gzip ? decompress(file) : file
    const magic = fromUtf8Strict(bytes, 0, 4)
    if (magic === TABLE_MAGIC || gzip) return { ...found, table: decodeTable(bytes, TABLE_SHOWN) }
    if (magic === PACK_MAGIC || bytes.length < 4) {
      return { ...found, pack: decodePack(bytes, { limits: PACK_SHOWN }) }
    }
    throw new PackError('pack.magic', { offset: 0, expected: `${PACK_MAGIC} or ${TABLE_MAGIC}` })
  } catch (error) {
    if (!(error instanceof PackError)) throw error
    return { ...found, refusal: error }
  }
}

function readSmallFile(path: string): Uint8Array | PackError {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    throw fileError(path, error)
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) throw new UsageError('cli.file', `Not a plain file: ${path}`)
    const limit = TABLE_SHOWN.maxBytes
    return stat.size > limit ? new PackError('pack.too-large', { size: stat.size, limit }) : readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}

function decompress(file: Uint8Array): Uint8Array {
  const limit = TABLE_SHOWN.maxBytes
  try {
    return gunzipSync(file, { maxOutputLength: limit })
  } catch (cause) {
    const tooLarge = cause instanceof RangeError
    throw new PackError(
      tooLarge ? 'pack.too-large' : 'pack.chunk',
      tooLarge ? { limit } : { reason: 'gzip' },
      {
        cause,
      },
    )
  }
}
