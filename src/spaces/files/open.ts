import { SpacesError } from '../errors.ts'
import { createChunkOpener } from '../sealing/chunks.ts'
import type { SealedFile } from '../sealing/file.ts'
import type { FileChunks } from './chunks.ts'
import { chunkIds } from './seal.ts'

/** Which chunks of a file are not here, in order. */
export async function missingChunks(file: SealedFile, chunks: FileChunks): Promise<string[]> {
  const ids = chunkIds(file)
  const here = await chunks.has(ids)
  return ids.filter((_, at) => here[at] !== true)
}

/**
 * What a file holds, chunk by chunk, each proven as it is read.
 *
 * @throws SpacesError `spaces.file-missing` (`index`): a chunk is not here; `spaces.file-chunk`: it is damaged
 */
export async function* readSealedFile(
  file: SealedFile,
  chunks: FileChunks,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const opener = await createChunkOpener(file)
  for (const [index, id] of chunkIds(file).entries()) {
    const bytes = await chunks.get(id)
    if (bytes === undefined) throw new SpacesError('spaces.file-missing', { index })
    yield await opener.open(index, bytes)
  }
}

/** The whole file; each piece becomes a Blob of its own, which the browser may move to its disk. */
export async function openSealedFile(file: SealedFile, chunks: FileChunks, type: string): Promise<Blob> {
  const parts: Blob[] = []
  for await (const piece of readSealedFile(file, chunks)) parts.push(new Blob([piece]))
  return new Blob(parts, { type })
}
