import type { SnapshotEntity } from '../../spaces/content/snapshot.ts'
import { type FileChunks } from '../../spaces/files/chunks.ts'
import { missingChunks } from '../../spaces/files/open.ts'
import { parseSealedFile, type SealedFile } from '../../spaces/sealing/file.ts'
import { SpacesError } from '../../spaces/errors.ts'
import { isNoteId } from '../../spaces/text/note-text.ts'
import type { SpaceSnapshot } from '../space-model.ts'
import { MAX_FILES } from './export-format.ts'
import { createSafeNames } from './safe-names.ts'

export interface ExportedNote {
  readonly id: string
  readonly title: string
  readonly text: string
  readonly tree: string
  /** ms */
  readonly at: number
}

export interface ExportedFile {
  readonly id: string
  readonly path: string
  readonly sealed: SealedFile
  readonly at: number
}

/** Which file of the archive is what. */
export interface ExportLayout {
  readonly notes: readonly ExportedNote[]
  readonly files: readonly ExportedFile[]
  /** names of files whose content is not all here, in order */
  readonly missing: readonly string[]
}

/**
 * Gives everything that becomes a file of its own a name, in the order of the snapshot.
 *
 * @throws SpacesError `spaces.too-large` for more files than an archive holds
 */
export async function layOut({ content, files }: SpaceSnapshot, chunks: FileChunks): Promise<ExportLayout> {
  const sealedOf = new Map(files.map(({ id, sealed }) => [id, sealed]))
  const noteNames = createSafeNames()
  const fileNames = createSafeNames()
  const layout = { notes: [] as ExportedNote[], files: [] as ExportedFile[], missing: [] as string[] }
  for (const entity of content.entities) {
    const { id, changedAt: at } = entity
    if (entity.kind === 'note' && isNoteId(id)) {
      const title = textOf(entity, 'title')
      const name = noteNames.take(title, 'Note', '.md')
      const tree = `notes/data/${name.slice(0, -'.md'.length)}.json`
      layout.notes.push({ id, title, at, text: `notes/${name}`, tree })
    }
    if (entity.kind === 'file') {
      const name = textOf(entity, 'name')
      const sealed = await here(sealedOf.get(id), chunks)
      if (sealed === undefined) layout.missing.push(name)
      else layout.files.push({ id, at, sealed, path: `files/${fileNames.take(name, 'File', '')}` })
    }
  }
  const size = layout.notes.length * 2 + layout.files.length
  if (size > MAX_FILES) throw new SpacesError('spaces.too-large', { what: 'export', size, most: MAX_FILES })
  return layout
}

/** How a file is opened, when all of its chunks are here. */
async function here(sealed: Uint8Array | undefined, chunks: FileChunks): Promise<SealedFile | undefined> {
  if (sealed === undefined) return undefined
  try {
    const file = parseSealedFile(sealed)
    return (await missingChunks(file, chunks)).length === 0 ? file : undefined
  } catch (error) {
    // A member wrote what is no description of a file: there is none.
    if (error instanceof SpacesError) return undefined
    throw error
  }
}

function textOf({ fields }: SnapshotEntity, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : ''
}
