import type { ByteReader } from './byte-reader.ts'
import { isHexDigest, isTime } from './forms.ts'
import { readJsonNotNull } from './json-text.ts'
import { isJsonObject, type JsonObject } from './values.ts'

/** Readers of what several parts of a pack are made of. */

/** The value when it is there. */
export function readOption<T>(reader: ByteReader, read: (reader: ByteReader) => T): T | undefined {
  return reader.present() ? read(reader) : undefined
}

/** Items that take at least `least` bytes each, after their count. */
export function readList<T>(reader: ByteReader, least: number, read: (reader: ByteReader) => T): T[] {
  const count = reader.count(least)
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(read(reader))
  return items
}

export function readJsonObject(reader: ByteReader): JsonObject {
  const offset = reader.offset()
  const value = readJsonNotNull(reader)
  if (!isJsonObject(value)) throw reader.error('pack.json', { offset, reason: 'object' })
  return value
}

/** A SHA-256 in hexadecimal. */
export function readDigest(reader: ByteReader, read: (reader: ByteReader) => string): string {
  const offset = reader.offset()
  const text = read(reader)
  if (!isHexDigest(text)) throw reader.error('pack.hex', { offset })
  return text
}

export function readTime(reader: ByteReader): string {
  const offset = reader.offset()
  const text = reader.str32()
  if (!isTime(text)) throw reader.error('pack.time', { offset })
  return text
}
