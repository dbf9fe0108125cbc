import { concat, toHex } from '../../core/bytes.ts'
import type { Edit } from '../../spaces/content/model.ts'
import { KEY_BYTES, type Random, randomBytes } from '../../spaces/crypto.ts'
import { createFileChunks, type FileChunks } from '../../spaces/files/chunks.ts'
import { sealFile } from '../../spaces/sealing/chunks.ts'
import { encodeSealedFile } from '../../spaces/sealing/file.ts'
import { TEXT_COLLECTION } from '../../spaces/text/limits.ts'
import { createNoteText } from '../../spaces/text/note-text.ts'
import type { InnerChange } from '../../spaces/vault/commit.ts'
import { foundSpace } from '../../spaces/vault/found.ts'
import type { VaultHost } from '../../spaces/vault/host.ts'
import type { SpaceRow, Vault } from '../../spaces/vault/model.ts'
import { openVault } from '../../spaces/vault/vault.ts'
import type { Spaces } from '../space-model.ts'
import { blobSource, type ByteSource } from './byte-source.ts'
import { forgetOps, forgetSpace, showOps } from './forget.ts'
import { type ImportPlan, readPlan } from './import-plan.ts'
import { parseTree, updateOf } from './note-tree.ts'
import type { OpenSpace } from './open-space.ts'
import type { SpacesContext } from './parts.ts'
import { isSealed, openSealedSource } from './sealed-zip.ts'
import type { OpenSpaces } from './service.ts'
import { openZip, type ZipArchive } from './zip-reader.ts'

/** Edits of one commit. */
const EDITS_AT_ONCE = 1000
/** Records of text of one commit, and their bytes. */
const TEXTS_AT_ONCE = 256
const TEXT_BYTES_AT_ONCE = 1 << 20
/** Most bytes of the tree of one note: more than any note may have. */
const MAX_TREE_BYTES = 64 << 20
/** Progress is told so many times at most. */
const STEPS = 200

/**
 * A new space with what an export holds, made by this device: posts become this person's, with a word of whose they
 * were. It is written whole before anyone sees it: what fails is forgotten, and what a crash leaves is of a space
 * without a row, which `sweepSpaces` takes away. Progress is told by `space-import` events.
 *
 * @throws ImportError; ContentError `content.snapshot`, `content.version`, `content.too-large`; TextError; KeysError
 *   `keys.invalid`; StorageError
 */
export async function importSpace(
  { context, use }: Pick<OpenSpaces, 'context' | 'use'>,
  file: Blob,
  { name, passphrase }: Parameters<Spaces['import']>[1],
): Promise<OpenSpace> {
  const zip = await openZip(await sourceOf(blobSource(file), passphrase))
  const plan = await readPlan(zip)
  const { vaults, net, app } = context
  const { storage } = vaults
  const row = await foundSpace(unseen(vaults), {
    ...{ title: plan.title, name, hidePast: false },
    relays: net()?.relays() ?? [app],
  })
  try {
    await storage.write(forgetOps(row.space, [row.device]))
    const whole = await fill(context, row, plan, zip)
    await storage.write(showOps(whole))
    return await use(whole.space)
  } catch (error) {
    // What cannot be deleted now is deleted at the next start.
    await forgetSpace(context, row.space).catch(() => {})
    throw error
  }
}

const sourceOf = async (source: ByteSource, passphrase: string | undefined): Promise<ByteSource> =>
  (await isSealed(source)) ? openSealedSource(source, passphrase) : source

/** The same host, on which a space that is founded gets no row: nobody sees it. */
function unseen(host: VaultHost): VaultHost {
  const { storage } = host
  return {
    ...host,
    storage: {
      ...storage,
      async write(ops, options) {
        const some = ops.filter((op) => !('table' in op) || op.table !== 'spaces')
        if (some.length > 0) await storage.write(some, options)
      },
    },
  }
}

/** Writes everything into a space that is open here alone; its row as it is then. */
async function fill(
  { vaults, random, emit }: SpacesContext,
  row: SpaceRow,
  plan: ImportPlan,
  zip: ZipArchive,
): Promise<SpaceRow> {
  const vault = await openVault(vaults, row)
  try {
    const chunks = await createFileChunks(vaults.storage, row.space)
    const read = watched(zip, plan.bytes, (done) => emit({ type: 'space-import', done, of: plan.bytes }))
    await writeEdits(vault, plan, async (id) => {
      const entry = plan.files.get(id)
      if (entry === undefined) return undefined
      return { size: entry.size, sealed: await sealStream(read.read(entry), entry.size, chunks, random) }
    })
    await writeTexts({ vault, plan, zip: read, random, now: vaults.now })
    return vault.row
  } finally {
    await vault.close()
  }
}

/** The same archive, of which is told how many bytes were read. */
function watched(zip: ZipArchive, of: number, tell: (done: number) => void): ZipArchive {
  let done = 0
  let told = 0
  const step = Math.max(1 << 18, of / STEPS)
  const add = (bytes: number): void => {
    done += bytes
    if (done - told < step && done < of) return
    told = done
    tell(done)
  }
  return {
    ...zip,
    async *read(entry) {
      for await (const piece of zip.read(entry)) {
        add(piece.length)
        yield piece
      }
    },
    async text(entry, most) {
      const text = await zip.text(entry, most)
      add(entry.size)
      return text
    },
  }
}

/** Content in the order of the export, so that what was first there is first here. */
async function writeEdits(
  vault: Vault,
  plan: ImportPlan,
  fileOf: (id: string) => Promise<{ readonly size: number; readonly sealed: Uint8Array } | undefined>,
): Promise<void> {
  const person = vault.persons.personOf(vault.device().id) ?? vault.device().id
  let some: Edit[] = []
  const write = async (): Promise<void> => {
    await vault.edit(some)
    some = []
  }
  for (const edit of plan.edits(person)) {
    const content = edit.kind === 'file' ? await fileOf(edit.id) : undefined
    some.push(content === undefined ? edit : { ...edit, set: { ...edit.set, ...content } })
    if (some.length === EDITS_AT_ONCE) await write()
  }
  await write()
}

/** Texts of notes, as this device would have typed them: many notes are one commit. */
async function writeTexts(options: {
  readonly vault: Vault
  readonly plan: ImportPlan
  readonly zip: ZipArchive
  readonly random: Random
  readonly now: () => number
}): Promise<void> {
  const { vault, plan, zip, random, now } = options
  let some: InnerChange[] = []
  let bytes = 0
  for (const [note, entry] of plan.notes) {
    const tree = parseTree(await zip.text(entry, MAX_TREE_BYTES), entry.name)
    if (tree.length === 0) continue
    const text = createNoteText({ note, device: vault.device().id, random })
    text.typed(updateOf(tree, text.open().client), now())
    for (const { rkey, value } of text.take({ settle: true })?.changes ?? []) {
      some.push({ collection: TEXT_COLLECTION, rkey, value })
      bytes += value?.length ?? 0
    }
    if (some.length < TEXTS_AT_ONCE && bytes < TEXT_BYTES_AT_ONCE) continue
    await vault.write(some)
    some = []
    bytes = 0
  }
  await vault.write(some)
}

/** Seals what streams by, chunk by chunk, each durable before the next. What a record says of it. */
async function sealStream(
  source: AsyncIterable<Uint8Array>,
  size: number,
  chunks: FileChunks,
  random: Random,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = randomBytes(random, KEY_BYTES)
  const ids: Uint8Array[] = []
  for await (const { id, bytes } of sealFile(source, { key, size, random })) {
    await chunks.put(toHex(id), new Uint8Array(bytes))
    ids.push(id)
  }
  return encodeSealedFile({ key, size, chunks: concat(ids) })
}
