import { compare, type Difference, type OpenNode, type Side, storedSide } from '../repo/mst/diff.ts'
import type { Storage } from './port.ts'
import type { SnapshotRow, TreeWindow } from './rows.ts'
import { createSegmentReader, type ReadAhead, type SegmentReader } from './segment-reader.ts'

/** So few nodes are read all at once, each with what lies before it. */
const FEW = 32
/** Many are read in the order in which they lie, from the last back, and each read brings those before it. */
const MANY: ReadAhead = { before: 64 * 1024, windows: 16 }

/**
 * The paths that differ between two kept snapshots of a repo, in key order; undefined when more than `most` nodes
 * of both trees would have to be read for it.
 *
 * @param top where it is at hand: what the repo's row keeps of the later tree
 * @throws StorageError `storage.segment-gone` when one was swept meanwhile
 */
export async function differencesBetween(
  storage: Storage,
  before: SnapshotRow,
  after: SnapshotRow,
  most: number,
  top?: TreeWindow,
): Promise<Difference[] | undefined> {
  let left = most
  const near = createSegmentReader(storage, after.did)
  if (top !== undefined) near.prime(top)
  const far = createSegmentReader(storage, after.did, MANY)
  const side = (row: SnapshotRow): Side => {
    const few = storedSide(near, row.root, row.data)
    return {
      ...few,
      async open(wanted) {
        left -= wanted.length
        if (left < 0) throw new TooMuch()
        return wanted.length <= FEW ? few.open(wanted) : openMany(far, wanted)
      },
    }
  }
  try {
    return await compare(side(before), side(after))
  } catch (error) {
    if (error instanceof TooMuch) return undefined
    throw error
  }
}

async function openMany(reader: SegmentReader, wanted: Parameters<Side['open']>[0]): Promise<OpenNode[]> {
  const order = wanted
    .map(({ child }, index) => {
      if (child === undefined) throw new RangeError('a stored tree lacks a place')
      return { child, index }
    })
    .sort((a, b) => a.child.segment - b.child.segment || b.child.offset - a.child.offset)
  const out: OpenNode[] = []
  for (const { child, index } of order) out[index] = await reader.load(child)
  return out
}

/** The comparison was broken off. Never leaves this file. */
class TooMuch extends Error {}
