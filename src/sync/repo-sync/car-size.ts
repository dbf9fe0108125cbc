import { CID_BYTES } from '../../core/cid.ts'
import { carFrameLength } from '../../repo/car/writer.ts'
import type { StoredChild } from '../../repo/mst/stored.ts'
import { MAX_PATH_BYTES } from '../../repo/path.ts'
import type { SnapshotRow } from '../../storage/rows.ts'
import type { SegmentReader } from '../../storage/segment-reader.ts'

/** What an entry takes in its node beside its key: two links, four names, lengths. */
const ENTRY_BYTES = 128
/** What a block takes in a CAR beside its data. */
const FRAME_BYTES = CID_BYTES + 4

/**
 * Whether a snapshot fits in a CAR of at most `limit` bytes, give or take a few bytes a record. Told from its
 * counts alone for nearly all repos; else the tree's nodes are read, as sending them will again. A tree that
 * was made to deceive this is caught by whoever counts the bytes as they go out.
 */
export async function fitsInCar(
  reader: SegmentReader,
  snapshot: SnapshotRow,
  limit: number,
): Promise<boolean> {
  const { root, commit } = snapshot
  const least = root.bytes + root.records * carFrameLength(0) + commit.length
  if (least > limit) return false
  // A node has an entry or is a step to a lower layer, of which a path has few.
  const most = least + root.records * (2 * FRAME_BYTES + ENTRY_BYTES + MAX_PATH_BYTES) + 64 * 1024
  if (most <= limit) return true
  let size = least
  const add = async (at: StoredChild): Promise<boolean> => {
    const { node, children } = await reader.load(at)
    size += carFrameLength(node.bytes.length)
    if (size > limit) return false
    for (const child of children) if (child !== undefined && !(await add(child))) return false
    return true
  }
  return add(root)
}
