import { hasCode } from '../../core/errors.ts'
import { compareRev } from '../../core/tid.ts'
import { findMany } from '../../repo/mst/find-many.ts'
import type { Place } from '../../repo/mst/stored.ts'
import { differencesBetween } from '../../storage/change-sides.ts'
import { changesRows } from '../../storage/changes.ts'
import type { Storage } from '../../storage/port.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import { createSegmentReader, type SegmentReader } from '../../storage/segment-reader.ts'
import { type OpenRepo, openRepo, snapshotsOf } from '../kept.ts'
import { cursorOf } from './cursor.ts'
import { COMMIT_TABLE, type HeadName, MAX_LIST_BYTES } from './model.ts'

/**
 * Nodes of both trees that are read for one list. The longest list is some 20,000 records of real size; where they
 * lie far apart each takes a node of either tree, and what differs is held in memory.
 */
const MAX_NODES = 48 * 1024
/** A head can be replaced and swept under a reader; not this often. */
const ROUNDS = 3
/** About what a change takes in a pack beside its record key and its record, bytes. */
const CHANGE_BYTES = 26
/** About what a subscription takes beside its changes and the signed commit, bytes. */
const FIXED_BYTES = 1000

/** One path, and what is there now. */
export interface ListedChange {
  /** `collection/rkey` */
  readonly path: string
  /** where the record lies; undefined where there is none any more */
  readonly place: Place | undefined
}

export type UnlistedReason =
  /** the asker holds nothing */
  | 'nothing-held'
  /** a head whose rev is no TID, which packs cannot name */
  | 'no-rev'
  /** the asker's head was never here, or too long ago */
  | 'unknown-head'
  /** more differs than a list may hold */
  | 'too-much'
  /** a collection has the name of the table that the signed commit travels in */
  | 'taken-name'

/**
 * - `not-kept`: nothing of the repo is here
 * - `same`: the asker holds this very head
 * - `behind`: the asker's head is newer, or another one of the same rev
 * - `listed`: every path whose value may differ, in key order; none that differs is left out
 * - `unlisted`: no list can be given
 */
export type Since =
  | { readonly kind: 'not-kept' }
  | { readonly kind: 'same' | 'behind'; readonly head: SnapshotRow }
  | {
      readonly kind: 'listed'
      readonly head: SnapshotRow
      readonly changes: readonly ListedChange[]
      /** about what the list takes in a pack */
      readonly bytes: number
    }
  | { readonly kind: 'unlisted'; readonly head: SnapshotRow; readonly reason: UnlistedReason }

/** A path of which no more is known than that it differs. */
interface Listed {
  readonly paths: ReadonlySet<string>
  readonly kept: SnapshotRow
}

/**
 * What a repo became since a head. When a snapshot of that head is kept, the two stored trees are compared; when it
 * was let go, the notes made then lead to one that is kept. A path noted may hold what the asker has, or have come
 * and gone in between; the list then says what is so already, which changes nothing.
 *
 * @param known the repo as it is now, where it was opened for this already
 * @throws StorageError `storage.segment-gone` when the head was swept meanwhile: see {@link readingHead}
 */
export async function changesSince(
  storage: Storage,
  did: string,
  held: HeadName | undefined,
  reader: SegmentReader = createSegmentReader(storage, did),
  known?: OpenRepo,
): Promise<Since> {
  const repo = known ?? (await openRepo(storage, did))
  const head = repo?.head
  if (head === undefined) return { kind: 'not-kept' }
  const unlisted = (reason: UnlistedReason): Since => ({ kind: 'unlisted', head, reason })
  if (held === undefined) return unlisted('nothing-held')
  if (held.commit === head.commitCid) return { kind: 'same', head }
  if (head.rev === undefined || cursorOf(head.rev) === undefined) return unlisted('no-rev')
  if (compareRev(held.rev, head.rev) >= 0) return { kind: 'behind', head }
  const from = await wayTo(storage, did, held)
  if (from === undefined) return unlisted('unknown-head')
  const differences =
    from.kept.commitCid === head.commitCid
      ? []
      : await differencesBetween(storage, from.kept, head, MAX_NODES, repo?.row.top)
  if (differences === undefined) return unlisted('too-much')
  const places = new Map<string, Place | undefined>(
    differences.map(({ key, after, afterPlace }) => [key, after === undefined ? undefined : afterPlace]),
  )
  const noted = [...from.paths].filter((path) => !places.has(path)).sort()
  const there = await findMany(reader, head.root, noted)
  for (const path of noted) places.set(path, there.get(path)?.place)
  const changes = [...places].map(([path, place]): ListedChange => ({ path, place }))
  if (noted.length > 0) changes.sort((a, b) => (a.path < b.path ? -1 : 1))
  if (changes.some(({ path }) => path.startsWith(`${COMMIT_TABLE}/`))) return unlisted('taken-name')
  const bytes = sizeOf(head, changes)
  if (bytes > MAX_LIST_BYTES) return unlisted('too-much')
  return { kind: 'listed', head, changes, bytes }
}

/** The kept snapshot that notes lead to from a head, and the paths noted on the way there. */
async function wayTo(storage: Storage, did: string, held: HeadName): Promise<Listed | undefined> {
  const snapshots = await snapshotsOf(storage, did)
  const keptAs = (commit: string) => snapshots.findLast((it) => it.commitCid === commit)
  const paths = new Set<string>()
  const found = keptAs(held.commit)
  if (found !== undefined) return { paths, kept: found }
  const rows = new Map((await changesRows(storage, did)).map((it) => [it.commit, it]))
  let at = held.commit
  // Each row is gone over once, so notes that lead in a circle end.
  for (let left = rows.size; left > 0; left--) {
    const row = rows.get(at)
    if (row === undefined) return undefined
    for (const path of row.paths) paths.add(path)
    const kept = keptAs(row.next.commit)
    if (kept !== undefined) return { paths, kept }
    at = row.next.commit
  }
  return undefined
}

function sizeOf(head: SnapshotRow, changes: readonly ListedChange[]): number {
  let size = FIXED_BYTES + head.commit.length
  for (const { path, place } of changes)
    size += CHANGE_BYTES + path.length - path.indexOf('/') + (place?.length ?? 0)
  return size
}

/** Runs again from the start when what it reads was replaced and swept meanwhile. */
export async function readingHead<T>(run: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round++) {
    try {
      return await run()
    } catch (error) {
      if (!hasCode(error, 'storage.segment-gone') || round === ROUNDS) throw error
    }
  }
}
