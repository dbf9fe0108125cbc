import type { Storage } from '../../storage/port.ts'
import { createFileChunks } from '../../spaces/files/chunks.ts'
import { openSealedFile } from '../../spaces/files/open.ts'
import { parseSealedFile } from '../../spaces/sealing/file.ts'

/** A file of a space whose chunks are here, whole and proven. Throws SpacesError `spaces.file-missing`, `-chunk`. */
export const readFile = async (
  storage: Storage,
  space: string,
  sealed: Uint8Array,
  type: string,
): Promise<Blob> => openSealedFile(parseSealedFile(sealed), await createFileChunks(storage, space), type)
