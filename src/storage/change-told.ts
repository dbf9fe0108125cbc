import { RepoError } from '../repo/errors.ts'
import { binary, type Difference } from '../repo/mst/diff.ts'
import { findMany } from '../repo/mst/find-many.ts'
import type { TreeEntry, TreeSource } from '../repo/mst/read.ts'
import type { Place, StoredNode } from '../repo/mst/stored.ts'
import type { Intake } from '../repo/verify/intake.ts'
import { StorageError } from './errors.ts'
import type { ToldChange } from './import-session.ts'
import type { Storage } from './port.ts'
import type { SnapshotRow, TreeWindow } from './rows.ts'
import { createSegmentReader, type SegmentReader, WHOLE_TREE } from './segment-reader.ts'
import { takeFrames, type ToldFrames } from './told-frames.ts'

/** From one change in so many records on, most of the tree's reads are needed anyhow: then they are long. */
const DENSE = 50
/** Nodes held between the look-up and the edit, each at most with the 8 KB it was read with; more are read again. */
const MAX_HELD = 4096

/** What a kept tree has at some paths. */
export interface BaseEntries {
  /** reads the tree, and holds what was read of it */
  readonly source: TreeSource
  readonly found: ReadonlyMap<string, TreeEntry>
}

/** Changes that someone told, beside what the base has at their paths. */
export interface Told {
  readonly source: TreeSource
  /** in key order; without those that the base has already */
  readonly differences: readonly Difference[]
}

/**
 * Looks the paths of changes up in a kept tree. Each comes once.
 *
 * @param top where it is at hand: what its repo's row keeps of the tree
 * @throws StorageError `storage.corrupt` for a tree that cannot be read
 */
export async function lookUpPaths(
  storage: Storage,
  base: SnapshotRow,
  list: readonly Pick<ToldChange, 'path'>[],
  top?: TreeWindow,
): Promise<BaseEntries> {
  const paths = list.map(({ path }) => path).sort()
  const dense = paths.length * DENSE > base.root.records
  const reader = createSegmentReader(storage, base.did, dense ? WHOLE_TREE : {})
  if (top !== undefined) reader.prime(top)
  const source = holding(reader, base.did)
  const found = await findMany(source, base.root, paths, dense ? 1 : undefined)
  return { source, found }
}

/**
 * Takes what someone told: what the base has already is known from here on, and the other records are kept. Their
 * digests were made of these very bytes, so no block has to be checked against what a sender says it is.
 *
 * @param frames of the list
 * @param turn called as records were taken, so many bytes with their frames
 */
export async function takeTold(
  list: readonly ToldChange[],
  { source, found }: BaseEntries,
  frames: ToldFrames,
  to: { readonly intake: Intake; readonly turn: (bytes: number) => Promise<void> },
): Promise<Told> {
  const { intake, turn } = to
  const { digests } = frames
  const differences = list.flatMap(({ path }, i): Difference[] => {
    const after = digests[i]
    const was = found.get(path)
    const before = was?.digest
    const same =
      before === undefined || after === undefined ? before === after : binary(before) === binary(after)
    return same ? [] : [{ key: path, before, after, beforePlace: was?.place, afterPlace: undefined }]
  })
  for (const { before, beforePlace } of differences)
    if (before !== undefined && beforePlace !== undefined) intake.known(before, beforePlace)
  await takeFrames(frames, intake, turn)
  return { source, differences: differences.sort((a, b) => (a.key < b.key ? -1 : 1)) }
}

/** Remembers nodes. That a kept one cannot be read is no fault of whoever told changes. */
function holding(source: SegmentReader, did: string): TreeSource {
  const held = new Map<string, StoredNode>()
  const nameOf = (place: Place): string => `${place.segment}.${place.offset}`
  const hold = (place: Place, node: StoredNode): StoredNode => {
    if (held.size < MAX_HELD) held.set(nameOf(place), node)
    return node
  }
  const reading = async <T>(read: Promise<T>): Promise<T> => {
    try {
      return await read
    } catch (error) {
      if (error instanceof RepoError || error instanceof RangeError)
        throw new StorageError('storage.corrupt', { did }, { cause: error })
      throw error
    }
  }
  return {
    async load(place) {
      return held.get(nameOf(place)) ?? hold(place, await reading(source.load(place)))
    },
    async loadAll(places) {
      const nodes = await reading(source.loadAll(places))
      for (const [i, node] of nodes.entries()) {
        const place = places[i]
        if (place !== undefined) hold(place, node)
      }
      return nodes
    },
  }
}
