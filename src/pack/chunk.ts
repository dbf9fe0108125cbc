import type { Sha256 } from '../core/hash.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { sha256Hex } from './canonical-json.ts'
import { PackError } from './errors.ts'
import { digestText } from './forms.ts'
import { CHUNK_COMPRESSION, CHUNK_ENCODING, type ChunkRef } from './manifest-model.ts'
import { readDigest } from './read-parts.ts'

/** The reference to a chunk: the gzip of a table. Compressing is the caller's. */
export function chunkRef(id: string, compressed: Uint8Array, sha256: Sha256): ChunkRef {
  return {
    id,
    byteLength: compressed.length,
    sha256: sha256Hex(compressed, sha256),
    encoding: CHUNK_ENCODING,
    compression: CHUNK_COMPRESSION,
  }
}

/** Throws `pack.chunk` when the bytes that came are not those of the reference. Check before decompressing. */
export function checkChunk(ref: ChunkRef, compressed: Uint8Array, sha256: Sha256): void {
  const { id } = ref
  if (compressed.length !== ref.byteLength) throw new PackError('pack.chunk', { reason: 'length', id })
  if (sha256Hex(compressed, sha256) !== ref.sha256)
    throw new PackError('pack.chunk', { reason: 'digest', id })
}

export function readChunkRef(reader: ByteReader): ChunkRef {
  const id = reader.str32()
  const lengthAt = reader.offset()
  const byteLength = reader.i64()
  if (byteLength < 0) throw reader.error('pack.integer', { offset: lengthAt })
  const sha256 = readDigest(reader, reader.str16)
  const encodingAt = reader.offset()
  const encoding = reader.str16()
  if (encoding !== CHUNK_ENCODING)
    throw reader.error('pack.unknown', { offset: encodingAt, reason: 'encoding' })
  const compressionAt = reader.offset()
  const compression = reader.str16()
  if (compression !== CHUNK_COMPRESSION) {
    throw reader.error('pack.unknown', { offset: compressionAt, reason: 'compression' })
  }
  return { id, byteLength, sha256, encoding, compression }
}

export function writeChunkRef(writer: ByteWriter, ref: ChunkRef): void {
  writer.str32(ref.id)
  if (ref.byteLength < 0) throw new PackError('pack.value', { reason: 'integer' })
  writer.i64(ref.byteLength)
  writer.str16(digestText(ref.sha256))
  writer.str16(ref.encoding)
  writer.str16(ref.compression)
}
