import { binary, type Difference } from '../repo/mst/diff.ts'
import { findMany } from '../repo/mst/find-many.ts'
import { RepoError } from '../repo/errors.ts'
import type { TreeSource } from '../repo/mst/read.ts'
import type { StoredNode } from '../repo/mst/stored.ts'
import { StorageError } from './errors.ts'
import type { ToldChange } from './import-session.ts'
import type { Storage } from './port.ts'
import type { SnapshotRow } from './rows.ts'
import { createSegmentReader, WHOLE_TREE } from './segment-reader.ts'

/** From one change in so many records on, most of the tree's reads are needed anyhow: then they are long. */
const DENSE = 50
/** Nodes held between the look-up and the edit, each at most with the 8 KB it was read with; more are read again. */
const MAX_HELD = 4096

/** Changes that someone told, beside what the base has at their paths. */
export interface Told {
  /** reads the base's tree, and holds what was read of it */
  readonly source: TreeSource
  /** in key order; without those that the base has already */
  readonly differences: readonly Difference[]
}

/**
 * Looks up told changes in a kept tree. Each path comes once.
 *
 * @throws StorageError `storage.corrupt` for a tree that cannot be read
 */
export async function lookUpTold(
  storage: Storage,
  base: SnapshotRow,
  list: readonly ToldChange[],
): Promise<Told> {
  const dense = list.length * DENSE > base.root.records
  const source = holding(createSegmentReader(storage, base.did, dense ? WHOLE_TREE : {}), base.did)
  const sorted = list.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const found = await findMany(
    source,
    base.root,
    sorted.map(({ path }) => path),
  )
  const differences = sorted.flatMap(({ path, digest: after }): Difference[] => {
    const was = found.get(path)
    const before = was?.digest
    const same =
      before === undefined || after === undefined ? before === after : binary(before) === binary(after)
    return same ? [] : [{ key: path, before, after, beforePlace: was?.place, afterPlace: undefined }]
  })
  return { source, differences }
}

/** Remembers nodes. That a kept one cannot be read is no fault of whoever told changes. */
function holding(source: TreeSource, did: string): TreeSource {
  const held = new Map<string, StoredNode>()
  return {
    async load(place) {
      const name = `${place.segment}.${place.offset}`
      const known = held.get(name)
      if (known !== undefined) return known
      try {
        const node = await source.load(place)
        if (held.size < MAX_HELD) held.set(name, node)
        return node
      } catch (error) {
        if (error instanceof RepoError || error instanceof RangeError)
          throw new StorageError('storage.corrupt', { did }, { cause: error })
        throw error
      }
    },
  }
}
