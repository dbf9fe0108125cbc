import { concat, equalBytes } from '../../core/bytes.ts'
import {
  deriveKey,
  digest,
  gcmOpen,
  gcmSeal,
  importSecret,
  KEY_BYTES,
  type Parts,
  type Random,
  randomBytes,
} from '../crypto.ts'
import { SpacesError } from '../errors.ts'
import {
  checkFileSize,
  checkSealedFile,
  CHUNK_BYTES,
  chunkCount,
  chunkId,
  chunkLength,
  type SealedFile,
  sealedChunkLength,
} from './file.ts'
import { pad, unpad } from './padding.ts'

const KEY_TAG = 'cairn.space.chunk-key.v1'
const TAG = 'cairn.space.chunk.v1'

/** A chunk to keep. What is kept of it beside the bytes is its id: `SealedFile.chunks` is all ids in order. */
export interface SealedChunk {
  readonly index: number
  readonly last: boolean
  /** SHA-256 of `bytes` */
  readonly id: Uint8Array
  readonly bytes: Uint8Array
}

export interface SealFileOptions {
  /** 32 bytes of chance for this version of the file */
  readonly key: Uint8Array
  /** bytes of the whole file */
  readonly size: number
  /** the first chunk to seal: 0, or where a run that was cut off goes on */
  readonly from?: number
  readonly random: Random
}

/** Parts of key and additional data for one chunk. */
const infoOf = (tag: string, index: number, last: boolean): Parts => [tag, index, last]

/**
 * Seals a file as it streams, a chunk at a time. `source` gives the file's bytes from `from * CHUNK_BYTES` on, in any
 * pieces. Holds one chunk. To go on after a break, call it with the same key and the number of chunks whose ids were
 * kept; if the file may have changed meanwhile, begin anew with a new key, or old and new would be one file.
 *
 * @throws SpacesError `spaces.invalid`, `spaces.too-large`, `spaces.file-source` (shorter or longer than `size`)
 */
export async function* sealFile(
  source: AsyncIterable<Uint8Array>,
  { key, size, from = 0, random }: SealFileOptions,
): AsyncGenerator<SealedChunk, void, undefined> {
  checkFileSize(size)
  const count = chunkCount(size)
  if (!Number.isSafeInteger(from) || from < 0 || from > count)
    throw new SpacesError('spaces.invalid', { what: 'from' })
  const secret = await importSecret(key)
  // All sealed before the break.
  if (from === count) return
  let index = from
  let chunk = new Uint8Array(chunkLength(size, index))
  let filled = 0
  let found = from * CHUNK_BYTES
  for await (const piece of source) {
    found += piece.length
    if (found > size) throw new SpacesError('spaces.file-source', { found, wanted: size })
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + chunk.length - filled)
      chunk.set(part, filled)
      filled += part.length
      at += part.length
      // The last chunk waits for the end of the source, which may have more than it should.
      if (filled === chunk.length && index < count - 1) {
        yield await sealChunk(secret, index, false, chunk, random)
        index++
        chunk = new Uint8Array(chunkLength(size, index))
        filled = 0
      }
    }
  }
  if (found !== size) throw new SpacesError('spaces.file-source', { found, wanted: size })
  yield await sealChunk(secret, index, true, chunk, random)
}

async function sealChunk(
  secret: CryptoKey,
  index: number,
  last: boolean,
  content: Uint8Array,
  random: Random,
): Promise<SealedChunk> {
  const salt = randomBytes(random, KEY_BYTES)
  const key = await deriveKey(secret, salt, infoOf(KEY_TAG, index, last))
  const bytes = concat([salt, await gcmSeal(key, infoOf(TAG, index, last), pad([content]))])
  return { index, last, id: await digest(bytes), bytes }
}

/** Opens the chunks of one file, in any order. */
export interface ChunkOpener {
  /**
   * The file's bytes in this chunk.
   *
   * @throws SpacesError `spaces.invalid` (no such index), `spaces.file-chunk`
   */
  open(index: number, bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>>
}

/** Throws `spaces.file-malformed`. */
export async function createChunkOpener(file: SealedFile): Promise<ChunkOpener> {
  checkSealedFile(file)
  const secret = await importSecret(file.key)
  const count = chunkCount(file.size)
  return {
    async open(index, given) {
      if (!Number.isSafeInteger(index) || index < 0 || index >= count)
        throw new SpacesError('spaces.invalid', { what: 'index' })
      const wrong = (reason: string): SpacesError => new SpacesError('spaces.file-chunk', { index, reason })
      if (given.length !== sealedChunkLength(file.size, index)) throw wrong('size')
      // Its own copy: what is opened is what was hashed.
      const bytes = new Uint8Array(given)
      if (!equalBytes(await digest(bytes), chunkId(file, index))) throw wrong('id')
      const last = index === count - 1
      const key = await deriveKey(secret, bytes.subarray(0, KEY_BYTES), infoOf(KEY_TAG, index, last))
      const padded = await gcmOpen(key, infoOf(TAG, index, last), bytes.subarray(KEY_BYTES))
      if (padded === undefined) throw wrong('broken')
      const content = unpad(padded)
      if (content?.length !== chunkLength(file.size, index)) throw wrong('content')
      return content
    },
  }
}

/**
 * Opens a file as its chunks come, in order, from chunk `from` on. Each piece that it gives is proven. A chunk that is
 * missing, twice, or out of its place is `spaces.file-chunk`; an end too early or too late is `spaces.file-end`.
 */
export async function* openFile(
  file: SealedFile,
  chunks: AsyncIterable<Uint8Array>,
  from = 0,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const opener = await createChunkOpener(file)
  const wanted = chunkCount(file.size)
  if (!Number.isSafeInteger(from) || from < 0 || from > wanted)
    throw new SpacesError('spaces.invalid', { what: 'from' })
  let index = from
  for await (const bytes of chunks) {
    if (index === wanted) throw new SpacesError('spaces.file-end', { found: index + 1, wanted })
    yield await opener.open(index, bytes)
    index++
  }
  if (index !== wanted) throw new SpacesError('spaces.file-end', { found: index, wanted })
}
