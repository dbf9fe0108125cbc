import * as v from 'valibot'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { MAX_RECORD_BYTES } from '../../repo/cbor/check.ts'
import { GCM_TAG_BYTES, KEY_BYTES } from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import { bytesOf, bytesUpTo, readMap } from '../maps.ts'
import { LENGTH_BYTES, paddedSize } from './padding.ts'

const WHOLE_CHUNK = 1_048_576
/** Bytes of a file in each chunk but the last: with their length they fill 1 MiB. */
export const CHUNK_BYTES = WHOLE_CHUNK - LENGTH_BYTES
/** Bytes of a chunk's id: its SHA-256. */
const CHUNK_ID_BYTES = 32
/** Most chunks of a file: 16 GiB, with half a megabyte of ids. */
export const MAX_CHUNKS = 16_384

/** How to fetch and open one version of a file. It stands in a sealed record, and is as secret as the file. */
export interface SealedFile {
  /** 32 bytes, of this version alone */
  readonly key: Uint8Array
  /** bytes of the file */
  readonly size: number
  /** ids of the sealed chunks, 32 bytes each, in order */
  readonly chunks: Uint8Array
}

/** How many chunks a file of this size has. An empty one has one too. */
export const chunkCount = (size: number): number => Math.max(1, Math.ceil(size / CHUNK_BYTES))

/** Bytes of the file in this chunk. */
export const chunkLength = (size: number, index: number): number =>
  Math.min(CHUNK_BYTES, size - index * CHUNK_BYTES)

/** Bytes of this chunk as it is kept. */
export const sealedChunkLength = (size: number, index: number): number =>
  KEY_BYTES + paddedSize(LENGTH_BYTES + chunkLength(size, index)) + GCM_TAG_BYTES

/** Throws `spaces.invalid`, or `spaces.too-large` for a file above 16 GiB. */
export function checkFileSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw new SpacesError('spaces.invalid', { what: 'size' })
  const most = MAX_CHUNKS * CHUNK_BYTES
  if (size > most) throw new SpacesError('spaces.too-large', { what: 'file', size, most })
}

const shape = v.strictObject({
  key: bytesOf(KEY_BYTES),
  size: v.pipe(v.number(), v.integer(), v.minValue(0)),
  chunks: bytesUpTo(MAX_CHUNKS * CHUNK_ID_BYTES),
})

/** DAG-CBOR of `{ key, size, chunks }`. */
export const encodeSealedFile = ({ key, size, chunks }: SealedFile): Uint8Array<ArrayBuffer> =>
  encodeDagCbor({ key, size, chunks })

/** Reads what `encodeSealedFile` made. Throws `spaces.file-malformed`. */
export function parseSealedFile(bytes: Uint8Array): SealedFile {
  const file = readMap(bytes, shape, 'spaces.file-malformed', MAX_RECORD_BYTES)
  checkSealedFile(file)
  return file
}

/** Throws `spaces.file-malformed` unless there are as many ids as the size wants. */
export function checkSealedFile({ key, size, chunks }: SealedFile): void {
  const ids = Number.isSafeInteger(size) && size >= 0 ? chunkCount(size) : -1
  if (ids < 0 || ids > MAX_CHUNKS) throw new SpacesError('spaces.file-malformed', { reason: 'size' })
  if (chunks.length !== ids * CHUNK_ID_BYTES)
    throw new SpacesError('spaces.file-malformed', { reason: 'chunks' })
  if (key.length !== KEY_BYTES) throw new SpacesError('spaces.file-malformed', { reason: 'key' })
}

/** The id of a chunk. `index` is below the file's count. */
export const chunkId = (file: SealedFile, index: number): Uint8Array =>
  file.chunks.subarray(index * CHUNK_ID_BYTES, (index + 1) * CHUNK_ID_BYTES)
