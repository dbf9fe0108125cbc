import { hasCode } from '../../core/errors.ts'
import { SpacesError } from '../../spaces/errors.ts'
import { createFileChunks, type FileChunks } from '../../spaces/files/chunks.ts'
import { readSealedFile } from '../../spaces/files/open.ts'
import { toMarkdown } from '../../spaces/text/markdown.ts'
import type { TextElement } from '../../spaces/text/tree.ts'
import type { Storage } from '../../storage/port.ts'
import { streamOf } from '../exports/stream.ts'
import { zipStream } from '../exports/zip-stream.ts'
import type { ExportFile } from '../model.ts'
import type { SpaceDetail, Spaces, SpaceSnapshot } from '../space-model.ts'
import { spaceNotFound } from './errors.ts'
import { EXPORT_TYPE, EXPORT_VERSION, MAIN } from './export-format.ts'
import { type ExportedFile, type ExportedNote, type ExportLayout, layOut } from './export-layout.ts'
import { exportReadme } from './export-readme.ts'
import { safeName } from './safe-names.ts'
import { createStreamSealer } from './sealed-zip.ts'

/** Zip knows no earlier and no later year. */
const FIRST_DATE = Date.UTC(1980, 0, 2)
const LAST_DATE = Date.UTC(2107, 11, 30)

/** One file of the archive, as its writer takes it. */
interface ZipInput {
  readonly name: string
  readonly input: string | AsyncIterable<Uint8Array | string>
  readonly lastModified: Date
}

/**
 * What is in a space as a zip that a person can read and that `importSpace` takes; with a passphrase sealed as a whole.
 * Made as it is read: one chunk of one file is held. What changes meanwhile is not in it, but for texts of notes.
 *
 * @throws CairnError `spaces.not-here`; KeysError `keys.invalid` for a passphrase that is none; SpacesError
 *   `spaces.too-large`; StorageError; through the stream the same
 */
export async function exportSpace(
  { storage, spaces }: { readonly storage: Storage; readonly spaces: Spaces },
  space: string,
  { passphrase }: { readonly passphrase?: string } = {},
): Promise<ExportFile> {
  const detail = await spaces.get(space)
  if (detail === undefined) throw spaceNotFound(space)
  const snapshot = await spaces.snapshot(space)
  const chunks = await createFileChunks(storage, space)
  const layout = await layOut(snapshot, chunks)
  const day = new Date(snapshot.at).toISOString().slice(0, 10)
  const name = `${safeName(detail.title, 'Space')} ${day}`
  const isSealed = passphrase !== undefined
  const archive = zipStream(entriesOf({ detail, snapshot, layout, chunks, spaces, isSealed }))
  if (!isSealed)
    return { name: `${name}.zip`, type: 'application/zip', size: undefined, stream: streamOf(archive) }
  const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
  const sealer = await createStreamSealer(passphrase, random)
  return {
    name: `${name}.cairn-space`,
    type: 'application/octet-stream',
    size: undefined,
    stream: streamOf(sealer.seal(archive)),
  }
}

interface Exporting {
  readonly detail: SpaceDetail
  readonly snapshot: SpaceSnapshot
  readonly layout: ExportLayout
  readonly chunks: FileChunks
  readonly spaces: Spaces
  readonly isSealed: boolean
}

async function* entriesOf(exporting: Exporting): AsyncGenerator<ZipInput> {
  const { detail, snapshot, layout, chunks, spaces, isSealed } = exporting
  const { notes, files } = layout
  const lastModified = dateOf(snapshot.at)
  const missing = [...layout.missing]
  const by = nameOfSelf(detail)
  const facts = { title: detail.title, at: snapshot.at, by, isSealed }
  const counts = { notes: notes.length, files: files.length, missing: missing.length }
  yield { name: 'README.txt', input: exportReadme({ ...facts, ...counts }), lastModified }
  yield { name: MAIN, input: mainOf(exporting), lastModified }
  yield { name: 'members.json', input: membersOf(detail), lastModified }
  for (const note of notes) {
    const { tree } = await spaces.noteContent(detail.space, note.id)
    const modified = dateOf(note.at)
    yield { name: note.text, input: toMarkdown([...titleOf(note), ...tree]), lastModified: modified }
    yield { name: note.tree, input: JSON.stringify(tree), lastModified: modified }
  }
  for (const file of files)
    yield { name: file.path, input: contentOf(file, chunks, missing), lastModified: dateOf(file.at) }
  // At the end, when it is known which files could not be read.
  if (missing.length > 0) yield { name: 'missing.txt', input: `${missing.join('\r\n')}\r\n`, lastModified }
}

/** What is said of a file, up to where it can be read. One piece that is damaged must not keep a person from the rest. */
async function* contentOf(
  { path, sealed }: ExportedFile,
  chunks: FileChunks,
  missing: string[],
): AsyncGenerator<Uint8Array> {
  try {
    yield* readSealedFile(sealed, chunks)
  } catch (error) {
    if (!(error instanceof SpacesError) && !hasCode(error, 'storage.segment-gone')) throw error
    missing.push(`${path} (not all of it)`)
  }
}

const titleOf = ({ title }: ExportedNote): readonly TextElement[] =>
  title === '' ? [] : [{ type: 'heading', attrs: { level: 1 }, children: [{ text: title, marks: {} }] }]

/** JSON with a line for each entity, made line by line. */
async function* mainOf({ detail, snapshot, layout }: Exporting): AsyncGenerator<string> {
  const { content, at } = snapshot
  const { notes, files } = layout
  const head = {
    ...{ type: EXPORT_TYPE, version: EXPORT_VERSION, title: detail.title },
    ...{ exportedAt: new Date(at).toISOString(), exportedBy: nameOfSelf(detail) },
    notes: notes.map(({ id, text, tree }) => ({ id, text, tree })),
    files: files.map(({ id, path, sealed }) => ({ id, path, size: sealed.size })),
  }
  yield `${JSON.stringify(head, undefined, 1).slice(0, -'\n}'.length)},\n "content": {\n  "version": ${content.version},\n  "entities": [`
  let before = '\n   '
  for (const entity of content.entities) {
    yield `${before}${JSON.stringify(entity)}`
    before = ',\n   '
  }
  yield '\n  ]\n }\n}\n'
}

function membersOf({ persons }: SpaceDetail): string {
  const list = persons.map(({ person, name, role, isOwner, account }) => ({
    ...{ name, role, person },
    ...(isOwner ? { isOwner } : {}),
    ...(account === undefined ? {} : { account: account.did, isProven: account.proven }),
  }))
  return `${JSON.stringify(list, undefined, 1)}\n`
}

const nameOfSelf = ({ persons }: SpaceDetail): string => persons.find(({ isSelf }) => isSelf)?.name ?? ''

/** Clocks of members may say anything. */
const dateOf = (at: number): Date =>
  new Date(Number.isFinite(at) ? Math.min(Math.max(at, FIRST_DATE), LAST_DATE) : FIRST_DATE)
