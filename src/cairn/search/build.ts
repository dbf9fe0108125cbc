import type { Storage, WriteOp } from '../../storage/port.ts'
import { createSegmentReader } from '../../storage/segment-reader.ts'
import { createBlobNotes } from './blob-notes.ts'
import { CHUNK_TEXT, createChunkBuilder, isNarrow } from './chunk.ts'
import { readEntries, recordsInOrder } from './read-records.ts'
import { type Building, chunkKey, deleteRows, type IndexedTree, type IndexState } from './rows.ts'

/** Records between two writes even when none has text: a stop costs at most the work on these. */
const WRITE_RECORDS = 20_000

export interface IndexWork {
  readonly storage: Storage
  readonly did: string
  readonly state: IndexState
  readonly signal: AbortSignal
  /** 0..1 */
  readonly onProgress: (share: number) => void
  readonly onBlobs: () => void
}

/**
 * Indexes a whole tree, going on where a stop cut an earlier try off. The index that answers searches stays
 * until the new one is whole, and then gives way in one transaction.
 */
export async function buildIndex(work: IndexWork, tree: IndexedTree): Promise<void> {
  const { storage, did, state, signal } = work
  let building: Building = state.row.building ?? {
    tree,
    base: { id: state.freshId('b'), narrow: 0, wide: 0 },
    position: 0,
  }
  if (state.row.building === undefined) await state.commit({ building }, [])
  const reader = createSegmentReader(storage, did)
  const blobs = createBlobNotes(storage, did, work.onBlobs)
  const narrow = createChunkBuilder()
  const wide = createChunkBuilder()
  const total = Math.max(1, building.tree.root.records)
  let position = building.position
  let sinceWrite = 0

  /** Both lanes are written together, so that `position` speaks for both. */
  const chunks = (): readonly [Building, WriteOp[]] => {
    const { base } = building
    const ops: WriteOp[] = []
    const put = (lane: 'l' | 'w', chunk: number, value: unknown): void => {
      ops.push({ type: 'put', table: 'search', key: chunkKey(did, base.id, lane, chunk), value })
    }
    if (narrow.records > 0) put('l', base.narrow, narrow.take())
    const narrowCount = base.narrow + ops.length
    if (wide.records > 0) put('w', base.wide, wide.take())
    const wideCount = base.wide + ops.length - (narrowCount - base.narrow)
    return [{ ...building, position, base: { ...base, narrow: narrowCount, wide: wideCount } }, ops]
  }

  for await (const batch of recordsInOrder(reader, building.tree, position)) {
    signal.throwIfAborted()
    for (const entry of await readEntries(reader, batch, blobs))
      (isNarrow(entry.text) ? narrow : wide).add(entry)
    position += batch.length
    sinceWrite += batch.length
    work.onProgress(position / total)
    if (narrow.length < CHUNK_TEXT && wide.length < CHUNK_TEXT && sinceWrite < WRITE_RECORDS) continue
    await blobs.write()
    const [next, ops] = chunks()
    await state.commit({ building: next }, ops)
    building = next
    sinceWrite = 0
  }
  signal.throwIfAborted()
  await blobs.write()
  const [done, ops] = chunks()
  const before = state.row.current
  const old = before === undefined ? [] : [before.base.id, ...before.deltas.map((it) => it.id)]
  await state.commit({ building: undefined, current: { tree: done.tree, base: done.base, deltas: [] } }, [
    ...ops,
    ...old.map((id) => deleteRows(did, id)),
  ])
}

/** Drops a build that cannot go on: its tree is not stored any more. */
export async function dropBuild(work: IndexWork): Promise<void> {
  const { building } = work.state.row
  if (building === undefined) return
  await work.state.commit({ building: undefined }, [deleteRows(work.did, building.base.id)])
}
