import { compare, type Difference, storedSide } from '../../repo/mst/diff.ts'
import type { WriteOp } from '../../storage/port.ts'
import { createSegmentReader, type SegmentReader } from '../../storage/segment-reader.ts'
import { createBlobNotes } from './blob-notes.ts'
import type { IndexWork } from './build.ts'
import { CHUNK_TEXT, type ChunkRow, createChunkBuilder, type Entry, openChunk } from './chunk.ts'
import { compareStanding } from './order.ts'
import { readEntries } from './read-records.ts'
import { type Built, chunkKey, type Delta, deleteRows, goneKey, type IndexedTree } from './rows.ts'

/** Deltas that are kept apart; one more, and they become one. Each is a lane to look through. */
const MAX_DELTAS = 6
/** When the changes since the base are more than this share of the records, a new base costs less. */
const REBUILD_SHARE = 0.25
/** Changes that never make a new base worth while. */
const FEW = 1000
const BATCH = 400

/**
 * Brings an index from the tree it speaks of to another one by what differs between the two. False when a
 * rebuild is the better way.
 */
export async function updateIndex(work: IndexWork, current: Built, tree: IndexedTree): Promise<boolean> {
  const { storage, did, state, signal } = work
  const reader = createSegmentReader(storage, did)
  const differences = await compare(
    storedSide(reader, current.tree.root, current.tree.data),
    storedSide(reader, tree.root, tree.data),
  )
  const kept = current.deltas.reduce((sum, it) => sum + it.records + it.gone, 0)
  if (differences.length + kept > Math.max(FEW, tree.root.records * REBUILD_SHARE)) return false

  const { entries, gone } = await readChanges(work, reader, differences)
  const id = state.freshId('d')
  const merging = current.deltas.length >= MAX_DELTAS
  if (merging) await addOlder(work, current.deltas, entries, gone)
  entries.sort(compareStanding)
  signal.throwIfAborted()

  const ops: WriteOp[] = merging ? current.deltas.map((it) => deleteRows(did, it.id)) : []
  let chunks = 0
  const builder = createChunkBuilder()
  const flush = (): void => {
    if (builder.records === 0) return
    ops.push({ type: 'put', table: 'search', key: chunkKey(did, id, 'c', chunks++), value: builder.take() })
  }
  for (const entry of entries) {
    builder.add(entry)
    if (builder.length >= CHUNK_TEXT) flush()
  }
  flush()
  ops.push({ type: 'put', table: 'search', key: goneKey(did, id), value: [...gone].join('\n') })
  const delta: Delta = { id, chunks, records: entries.length, gone: gone.size }
  const deltas = merging ? [delta] : [...current.deltas, delta]
  await state.commit({ current: { tree, base: current.base, deltas } }, ops)
  return true
}

/** Reads the new values; what is gone are the paths whose older values must not be found any more. */
async function readChanges(
  work: IndexWork,
  reader: SegmentReader,
  differences: readonly Difference[],
): Promise<{ entries: Entry[]; gone: Set<string> }> {
  const gone = new Set<string>()
  const added = []
  for (const { key, before, after, afterPlace } of differences) {
    if (before !== undefined) gone.add(key)
    if (after !== undefined && afterPlace !== undefined) added.push({ key, digest: after, place: afterPlace })
  }
  const blobs = createBlobNotes(work.storage, work.did, work.onBlobs)
  const entries: Entry[] = []
  for (let i = 0; i < added.length; i += BATCH) {
    work.signal.throwIfAborted()
    entries.push(...(await readEntries(reader, added.slice(i, i + BATCH), blobs)))
    work.onProgress(i / added.length)
  }
  await blobs.write()
  return { entries, gone }
}

/** Adds what older deltas hold and the newer ones have not replaced. */
async function addOlder(
  work: IndexWork,
  deltas: readonly Delta[],
  entries: Entry[],
  gone: Set<string>,
): Promise<void> {
  const { storage, did } = work
  for (const delta of [...deltas].reverse()) {
    const keys = Array.from({ length: delta.chunks }, (_, i) => chunkKey(did, delta.id, 'c', i))
    for (const value of await storage.getMany('search', keys)) {
      // Our own row, written by this code.
      const chunk = openChunk(value as ChunkRow)
      for (let i = 0; i < chunk.records; i++) {
        const entry = chunk.entry(i)
        if (!gone.has(`${entry.nsid}/${entry.rkey}`)) entries.push(entry)
      }
    }
    for (const path of readGone(await storage.get('search', goneKey(did, delta.id)))) gone.add(path)
  }
}

/** The paths of a row that `updateIndex` wrote. */
export function readGone(value: unknown): readonly string[] {
  return typeof value !== 'string' || value === '' ? [] : value.split('\n')
}
