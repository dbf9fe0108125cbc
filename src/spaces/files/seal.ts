import { concat, toHex } from '../../core/bytes.ts'
import { KEY_BYTES, type Random, randomBytes } from '../crypto.ts'
import { sealFile } from '../sealing/chunks.ts'
import { checkFileSize, encodeSealedFile, type SealedFile } from '../sealing/file.ts'
import type { FileChunks } from './chunks.ts'

/**
 * Seals a file and keeps its chunks, one durable write each, so that memory stays flat. Returns what a record says of
 * it. Until that record is there, the chunks are of `making`.
 *
 * @throws SpacesError `spaces.too-large`, `spaces.file-source`; StorageError; what `check` throws
 */
export async function sealBlob(
  blob: Blob,
  chunks: FileChunks,
  {
    random,
    check,
    onChunk,
    making,
  }: { random: Random; check: () => void; onChunk: (done: number) => void; making?: string },
): Promise<Uint8Array<ArrayBuffer>> {
  checkFileSize(blob.size)
  const key = randomBytes(random, KEY_BYTES)
  const ids: Uint8Array[] = []
  for await (const chunk of sealFile(readBlob(blob), { key, size: blob.size, random })) {
    check()
    await chunks.put(toHex(chunk.id), new Uint8Array(chunk.bytes), making)
    ids.push(chunk.id)
    onChunk(ids.length)
  }
  return encodeSealedFile({ key, size: blob.size, chunks: concat(ids) })
}

/** A piece at a time: a Blob's own stream may run ahead of who reads it. */
const PIECE = 1 << 20

async function* readBlob(blob: Blob): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < blob.size; at += PIECE)
    yield new Uint8Array(await blob.slice(at, at + PIECE).arrayBuffer())
}

/** Ids of a file's chunks, in order. */
export const chunkIds = ({ chunks }: SealedFile): string[] =>
  Array.from({ length: chunks.length / KEY_BYTES }, (_, at) =>
    toHex(chunks.subarray(at * KEY_BYTES, (at + 1) * KEY_BYTES)),
  )
