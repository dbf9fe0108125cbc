import { utf8, equalBytes } from '../core/bytes.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

/**
 * Packs and tables begin alike: four letters, a version in two bytes, flags in two bytes that are all zero.
 * Throws `pack.magic`, `pack.version`, `pack.flags`.
 */
export function readMagic(reader: ByteReader, magic: string, version: number): void {
  const at = reader.offset()
  if (!equalBytes(reader.take(4), utf8(magic)))
    throw reader.error('pack.magic', { offset: at, expected: magic })
  const found = reader.u16()
  if (found !== version) throw reader.error('pack.version', { offset: at + 4, found, known: version })
  if (reader.u16() !== 0) throw reader.error('pack.flags', { offset: at + 6 })
}

export function writeMagic(writer: ByteWriter, magic: string, version: number): void {
  writer.raw(utf8(magic))
  writer.u16(version)
  writer.u16(0)
}
