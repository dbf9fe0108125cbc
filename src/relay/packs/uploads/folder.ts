import { openAsBlob } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'

const NAME = /^([0-9a-f]{32})\.(?:json|car)$/
/** An id as it stands in an address: 128 bits by chance. */
export const UPLOAD_ID = /^[0-9a-f]{32}$/

const planShape = v.object({
  did: v.pipe(v.string(), v.startsWith('did:'), v.maxLength(2048)),
  bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(1)),
  sha256: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
})
const rowShape = v.object({ ...planShape.entries, createdAt: v.number() })

/** What is announced: the repo, the length of its CAR in bytes, and the hash of the whole in hexadecimal. */
export type UploadPlan = v.InferOutput<typeof planShape>
/** With when it was begun, ms. */
export type UploadRow = v.InferOutput<typeof rowShape>

/** Undefined for what is no announcement of an upload. */
export function readPlan(value: unknown): UploadPlan | undefined {
  const read = v.safeParse(planShape, value)
  return read.success ? read.output : undefined
}

/** An upload that was there before. */
export interface FoundUpload {
  readonly id: string
  readonly row: UploadRow
  /** bytes that came */
  readonly offset: number
  /** when the last of them did, ms */
  readonly touchedAt: number
}

/** Where uploads lie: for each a file of what was announced, and one of the bytes that came. */
export interface UploadFolder {
  readonly found: readonly FoundUpload[]
  create(id: string, row: UploadRow): Promise<void>
  /** Opened at its end, for what comes next. */
  append(id: string): Promise<FileHandle>
  size(id: string): Promise<number>
  file(id: string): Promise<Blob>
  remove(id: string): Promise<void>
}

/** Opens the folder, and deletes what of ours in it belongs to no upload. It is made when absent. */
export async function openUploadFolder(path: string): Promise<UploadFolder> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const rowPath = (id: string): string => join(path, `${id}.json`)
  const carPath = (id: string): string => join(path, `${id}.car`)
  const remove = async (id: string): Promise<void> => {
    // The bytes first: a row alone is deleted by the next start.
    await rm(carPath(id), { force: true })
    await rm(rowPath(id), { force: true })
  }
  const find = async (id: string): Promise<FoundUpload | undefined> => {
    try {
      const row = v.parse(rowShape, JSON.parse(await readFile(rowPath(id), 'utf8')))
      const { size, mtimeMs } = await stat(carPath(id))
      return size > row.bytes ? undefined : { id, row, offset: size, touchedAt: mtimeMs }
    } catch {
      // A stop in the middle of making or of deleting it.
      return undefined
    }
  }
  const names = (await readdir(path)).map((name) => NAME.exec(name)?.[1])
  const found: FoundUpload[] = []
  for (const id of new Set(names.filter((it) => it !== undefined))) {
    const one = await find(id)
    if (one === undefined) await remove(id)
    else found.push(one)
  }
  return {
    found,
    async create(id, row) {
      await writeFile(rowPath(id), JSON.stringify(row), { flag: 'wx', mode: 0o600 })
      await writeFile(carPath(id), '', { flag: 'wx', mode: 0o600 })
    },
    append: (id) => open(carPath(id), 'a'),
    size: async (id) => (await stat(carPath(id))).size,
    file: (id) => openAsBlob(carPath(id)),
    remove,
  }
}
