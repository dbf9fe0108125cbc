import * as v from 'valibot'
import { importEdits } from '../../spaces/content/snapshot-in.ts'
import type { Edit } from '../../spaces/content/model.ts'
import { isNoteId } from '../../spaces/text/note-text.ts'
import { EXPORT_TYPE, EXPORT_VERSION, MAIN, manifestShape } from './export-format.ts'
import { damaged, ImportError, notSpace } from './import-errors.ts'
import type { ZipArchive } from './zip-reader.ts'
import type { ZipEntry } from './zip-directory.ts'

/** Most bytes of `space.json`: pictures of files are in it. */
const MAX_MAIN_BYTES = 256 << 20
/** Longest title that a space has. */
const MAX_TITLE = 500
/** Whoever looks at an archive has no person yet; which one does not matter to whether it can be read. */
const NOBODY = 'did:key:none'

/** What an archive comes to. */
export interface ImportPlan {
  readonly title: string
  /** The edits by which this person brings it into a space of theirs. */
  edits(person: string): readonly Edit[]
  /** where the tree of a note's text is */
  readonly notes: ReadonlyMap<string, ZipEntry>
  /** where a file is, when all of it is there */
  readonly files: ReadonlyMap<string, ZipEntry>
  /** bytes that are going to be read */
  readonly bytes: number
}

/**
 * Reads what an archive says is in it, and that it can be taken.
 *
 * @throws ImportError; ContentError `content.snapshot`, `content.version`
 */
export async function readPlan(zip: ZipArchive): Promise<ImportPlan> {
  const main = zip.entries.get(MAIN)
  if (main === undefined) throw notSpace('space.json')
  const { title, notes, files, content } = manifestOf(parseJson(await zip.text(main, MAX_MAIN_BYTES)))
  const known = new Set(importEdits(content, NOBODY).edits.map(({ kind, id }) => `${kind}/${id}`))
  const plan = { notes: new Map<string, ZipEntry>(), files: new Map<string, ZipEntry>() }
  for (const { id, tree } of notes) {
    if (!isNoteId(id) || !known.has(`note/${id}`)) continue
    const entry = zip.entries.get(tree)
    if (entry === undefined) throw damaged('missing', tree)
    plan.notes.set(id, entry)
  }
  for (const { id, path, size } of files) {
    const entry = zip.entries.get(path)
    // One that was cut off when it was exported, or taken out since, comes as its name alone.
    if (entry?.size === size && known.has(`file/${id}`)) plan.files.set(id, entry)
  }
  const read = [...plan.notes.values(), ...plan.files.values()]
  const [twice] = [...Map.groupBy(read, (it) => it).values()].filter((it) => it.length > 1)
  // A small file that is named a million times would fill a disk.
  if (twice !== undefined) throw damaged('twice', twice[0]?.name)
  return {
    ...plan,
    title: title.slice(0, MAX_TITLE).toWellFormed(),
    edits: (person) => importEdits(content, person).edits,
    bytes: read.reduce((sum, entry) => sum + entry.size, 0),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw notSpace('json')
  }
}

function manifestOf(json: unknown): v.InferOutput<typeof manifestShape> {
  const head = v.safeParse(headShape, json)
  if (!head.success) throw notSpace('form')
  const { version } = head.output
  if (version > EXPORT_VERSION) throw new ImportError('spaces.import-version', { version })
  const read = v.safeParse(manifestShape, json)
  if (!read.success) throw notSpace('form')
  return read.output
}

/** What every version of the form has. */
const headShape = v.object({ type: v.literal(EXPORT_TYPE), version: v.number() })
