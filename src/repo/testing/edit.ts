import { encode } from '@atcute/cbor'
import { type TestBlock, writeCar } from './car.ts'
import { cidKey, cidOf } from './cid.ts'
import { tidAfter } from './generate.ts'
import { createPrng, type Prng } from './prng.ts'
import { signRepo, type TestRecord, type TestRepo } from './repo.ts'

/** A record to write: a value to encode, bytes as they are, or the very bytes of another path's record. */
export type RecordEdit =
  | { readonly path: string; readonly value: Record<string, unknown> }
  | { readonly path: string; readonly bytes: Uint8Array }
  | { readonly path: string; readonly copyOf: string }

export interface RepoEdits {
  /** edits, or how many to make up */
  readonly create?: readonly RecordEdit[] | number
  readonly update?: readonly RecordEdit[] | number
  /** paths, or how many to pick */
  readonly delete?: readonly string[] | number
}

export interface EditedRepo extends TestRepo {
  /** what a PDS answers to `getRepo` with `since`: the blocks that the older repo lacks, newest first */
  sinceCar(): Iterable<Uint8Array<ArrayBuffer>>
  sinceBlocks(): TestBlock[]
  readonly created: readonly string[]
  readonly updated: readonly string[]
  readonly deleted: readonly string[]
}

/** One minute between commits, so that every rev is later than any made before. */
const COMMIT_MICROS = 60_000_000

/**
 * The next commit of a repo: deletions, then creations and updates, under a later rev and the same key.
 * A record copied with `copyOf` has the other one's CID, so its block may be missing from the since
 * CAR although its path is new: servers do that too.
 */
export function editRepo(repo: TestRepo, edits: RepoEdits): EditedRepo {
  const prng = createPrng(`edit/${repo.seed}/${repo.rev}`)
  const rev = tidAfter(repo.rev, COMMIT_MICROS)
  const byPath = new Map(repo.records.map((record) => [record.path, record]))
  const changed = (edit: RecordEdit): TestRecord => {
    const bytes = editBytes(edit, byPath)
    return { path: edit.path, cid: cidOf(bytes), bytes, rev }
  }
  const victims = pickPaths(prng, repo, edits.delete ?? [], new Set())
  const taken = new Set(victims)
  const updates = asEdits(edits.update ?? [], (count) =>
    pickPaths(prng, repo, count, taken).map((path) => ({ path, value: note(path, rev, prng) })),
  )
  const creations = asEdits(edits.create ?? [], (count) =>
    Array.from({ length: count }, (_, i) => {
      const path = `app.bsky.feed.post/${tidAfter(rev, i)}`
      return { path, value: note(path, rev, prng) }
    }),
  )
  const written = [...updates, ...creations].map(changed)
  for (const path of victims) if (!byPath.delete(path)) throw new RangeError(`no record at ${path}`)
  for (const record of written) byPath.set(record.path, record)

  const records = [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  const next = signRepo({ ...repo, rev, records })
  const sinceBlocks = (): TestBlock[] => {
    const old = new Set(repo.blocks('preorder').map((block) => cidKey(block.cid)))
    return next.blocks('revision').filter((block) => !old.has(cidKey(block.cid)))
  }
  return {
    ...next,
    created: creations.map((edit) => edit.path),
    updated: updates.map((edit) => edit.path),
    deleted: victims,
    sinceBlocks,
    sinceCar: () => writeCar([next.commit], sinceBlocks()),
  }
}

function editBytes(edit: RecordEdit, byPath: ReadonlyMap<string, TestRecord>): Uint8Array {
  if ('bytes' in edit) return edit.bytes
  if ('value' in edit) return encode(edit.value).slice()
  const source = byPath.get(edit.copyOf)
  if (source === undefined) throw new RangeError(`no record at ${edit.copyOf}`)
  return source.bytes
}

function asEdits(
  edits: readonly RecordEdit[] | number,
  make: (count: number) => RecordEdit[],
): readonly RecordEdit[] {
  return typeof edits === 'number' ? make(edits) : edits
}

function pickPaths(
  prng: Prng,
  repo: TestRepo,
  wanted: readonly string[] | number,
  taken: Set<string>,
): string[] {
  if (typeof wanted !== 'number') return [...wanted]
  if (wanted > repo.records.length - taken.size) throw new RangeError('more edits than records')
  const picked: string[] = []
  while (picked.length < wanted) {
    const { path } = prng.pick(repo.records)
    if (taken.has(path)) continue
    taken.add(path)
    picked.push(path)
  }
  return picked
}

function note(path: string, rev: string, prng: Prng): Record<string, unknown> {
  const type = path.slice(0, path.indexOf('/'))
  return { $type: type, text: `written at ${rev}, ${prng.int(1e9)}`, createdAt: '2026-10-01T12:00:00.000Z' }
}
