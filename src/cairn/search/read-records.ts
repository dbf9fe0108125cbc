import { findBlobRefs } from '../../repo/cbor/blob-refs.ts'
import { type TreeEntry, visit } from '../../repo/mst/read.ts'
import type { SegmentReader } from '../../storage/segment-reader.ts'
import type { BlobNotes } from './blob-notes.ts'
import { collectionsInOrder, type Entry } from './chunk.ts'
import { standingOf } from './order.ts'
import type { IndexedTree } from './rows.ts'
import { recordTexts, searchText } from './text.ts'

/** Records read and indexed at a time: a few milliseconds of work between two turns of the event loop. */
const BATCH = 400
/** Their bytes, when they are large: records may have a megabyte. */
const BATCH_BYTES = 4 << 20

/** The records of a tree in the order of hits, from the record at `position` on, in batches. */
export async function* recordsInOrder(
  reader: SegmentReader,
  tree: IndexedTree,
  position: number,
): AsyncGenerator<readonly TreeEntry[]> {
  let skip = position
  for (const { records, before } of collectionsInOrder(tree.collections)) {
    while (skip < records) {
      const batch: TreeEntry[] = []
      let bytes = 0
      // From the end of the tree backwards: past what follows this collection, past what is done of it.
      const start = tree.root.records - before - records + skip
      const left = Math.min(BATCH, records - skip)
      await visit(reader, tree.root, { skip: start, reverse: true }, (entry) => {
        batch.push(entry)
        bytes += entry.place.length
        return batch.length < left && bytes < BATCH_BYTES
      })
      if (batch.length === 0) throw new RangeError('a tree has fewer records than its counts say')
      skip += batch.length
      yield batch
    }
    skip -= records
  }
}

/** Reads records, notes the blobs that they mention, and returns those that have text, in the order given. */
export async function readEntries(
  reader: SegmentReader,
  records: readonly Pick<TreeEntry, 'key' | 'digest' | 'place'>[],
  blobs: BlobNotes,
): Promise<Entry[]> {
  const values = await reader.records(records.map((it) => it.place))
  const entries: Entry[] = []
  records.forEach(({ key, digest, place }, i) => {
    const bytes = values[i]
    if (bytes === undefined) return
    blobs.add(key, findBlobRefs(bytes))
    const text = searchText(recordTexts(bytes))
    if (text !== '') entries.push({ ...standingOf(key), text, digest, place })
  })
  return entries
}
