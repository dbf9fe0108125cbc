import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { editRepo } from '../../src/repo/testing/edit.ts'
import { generateRepo } from '../../src/repo/testing/generate.ts'
import { cidText } from '../../src/repo/testing/cid.ts'
import { createPrng } from '../../src/repo/testing/prng.ts'
import type { BlockOrder, TestRepo } from '../../src/repo/testing/repo.ts'

/** Made once, kept in an ignored folder: the same name always holds the same bytes. */
export const CACHE = join(import.meta.dirname, '..', '.cache')
/** Raise when the generator's output changes. */
const EDITION = 2
/** Paths that a dataset names. */
const SAMPLE = 200

export interface Dataset {
  readonly name: string
  readonly file: string
  readonly did: string
  readonly didKey: string
  readonly records: number
  readonly blocks: number
  readonly bytes: number
  readonly rev: string
  readonly commit: string
  /** records by collection */
  readonly collections: Readonly<Record<string, number>>
  /** some paths, evenly spread in no order */
  readonly sample: readonly string[]
}

export interface Update {
  /** the CAR of what one changed record changed since the update before */
  readonly file: string
  readonly path: string
  /** bytes of the record as changed */
  readonly recordBytes: number
}

/** The last repo made, since several orders of one are usually asked for in a row. */
let held: { key: string; repo: TestRepo } | undefined

function repoOf(records: number): TestRepo {
  const key = String(records)
  if (held?.key !== key) held = { key, repo: generateRepo({ seed: `bench-${records}`, records }) }
  return held.repo
}

/** A repo of this many records as a CAR file in this order; about 357 bytes a record. */
export async function dataset(records: number, order: BlockOrder): Promise<Dataset> {
  const name = `${records}-${order}-${EDITION}`
  const meta = join(CACHE, `${name}.json`)
  // written by this function
  if (existsSync(meta)) return JSON.parse(readFileSync(meta, 'utf8')) as Dataset
  mkdirSync(CACHE, { recursive: true })
  const repo = repoOf(records)
  const collections: Record<string, number> = {}
  for (const { path } of repo.records) {
    const collection = path.slice(0, path.indexOf('/'))
    collections[collection] = (collections[collection] ?? 0) + 1
  }
  const file = join(CACHE, `${name}.car`)
  const bytes = await writeFileInPieces(file, repo.car(order))
  const made: Dataset = {
    name,
    file,
    did: repo.did,
    didKey: repo.didKey,
    records,
    blocks: repo.blocks('preorder').length,
    bytes,
    rev: repo.rev,
    commit: cidText(repo.commit),
    collections,
    sample: sampleOf(repo),
  }
  writeFileSync(meta, JSON.stringify(made, null, 2))
  return made
}

/** Every n-th path, then in an order that has nothing to do with theirs. */
function sampleOf(repo: TestRepo): string[] {
  const step = Math.max(1, Math.floor(repo.records.length / SAMPLE))
  const paths = repo.records.filter((_, i) => i % step === 0).map((record) => record.path)
  return createPrng(`sample/${repo.seed}`).shuffle(paths).slice(0, SAMPLE)
}

/** Changes of one post each, one after the other, as a PDS answers to `since`. */
export async function updates(records: number, count: number): Promise<Update[]> {
  const meta = join(CACHE, `${records}-updates-${count}-${EDITION}.json`)
  // written by this function
  if (existsSync(meta)) return JSON.parse(readFileSync(meta, 'utf8')) as Update[]
  await dataset(records, 'revision')
  const made: Update[] = []
  let repo = repoOf(records)
  const posts = repo.records.filter((record) => record.path.startsWith('app.bsky.feed.post/'))
  for (let i = 0; i < count; i++) {
    const path = posts[Math.floor(((i + 0.5) * posts.length) / count)]?.path ?? ''
    const value = {
      $type: 'app.bsky.feed.post',
      text: `changed, ${i}`,
      createdAt: '2026-10-02T00:00:00.000Z',
    }
    const edited = editRepo(repo, { update: [{ path, value }] })
    const file = join(CACHE, `${records}-update-${i}-${EDITION}.car`)
    await writeFileInPieces(file, edited.sinceCar())
    const recordBytes = edited.records.find((record) => record.path === path)?.bytes.length ?? 0
    made.push({ file, path, recordBytes })
    repo = edited
  }
  writeFileSync(meta, JSON.stringify(made, null, 2))
  return made
}

/** Written beside and renamed, so that a file that was cut off is never taken for a whole one. */
async function writeFileInPieces(file: string, chunks: Iterable<Uint8Array>): Promise<number> {
  let bytes = 0
  const counted = function* (): Generator<Uint8Array> {
    for (const chunk of chunks) {
      bytes += chunk.length
      yield chunk
    }
  }
  await pipeline(Readable.from(counted()), createWriteStream(`${file}.part`))
  renameSync(`${file}.part`, file)
  return bytes
}
