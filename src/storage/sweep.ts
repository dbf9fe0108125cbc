import type { Place, StoredChild } from '../repo/mst/stored.ts'
import type { StoredNode } from '../repo/mst/stored.ts'
import { frames } from './frames.ts'
import { hasCode } from '../core/errors.ts'
import { changesOps } from './changes.ts'
import type { Guard, Storage, WriteOp } from './port.ts'
import {
  type ImportRow,
  repoRange,
  segmentBytesKey,
  segmentKey,
  type SegmentRow,
  type SnapshotRow,
  snapshotKey,
} from './rows.ts'
import { createSegmentReader } from './segment-reader.ts'

/**
 * A segment is packed anew when less than this share of it is live. Beside a block's own bytes a live frame
 * has its length, its CID or the places of what a node points to: about 0.16 of the bytes at the 357 a
 * record that real repos have. So stored bytes are at most 1.16 / 0.92 = 1.26 times those of live blocks.
 */
const LIVE_SHARE = 0.92

export interface Swept {
  readonly deleted: number
  readonly packed: number
  /** stored bytes after */
  readonly bytes: number
  readonly liveBytes: number
}

/** Offsets of live frames of one segment. */
type Live = Set<number>

/**
 * Frees what no snapshot of a repo needs any more: marks everything that the kept snapshots reach, deletes
 * segments without anything live and packs those with little. Addresses stay valid (a packed segment keeps
 * a table from old offsets to new ones), so no tree is rewritten; each segment is one transaction, so a stop
 * half way leaves all readable and the next sweep goes on.
 *
 * The caller holds the repo's exclusive lock: nobody imports meanwhile. Readers need no lock.
 */
export async function sweepRepo(storage: Storage, did: string): Promise<Swept> {
  const snapshots = (await storage.list('snapshots', repoRange(did))).map(({ value }) => value as SnapshotRow)
  const pending = (await storage.get('imports', did)) as ImportRow | undefined
  const live = await mark(storage, did, snapshots)
  const partly: { readonly segment: number; readonly row: SegmentRow; readonly offsets: Live }[] = []
  let deleted = 0
  let packed = 0
  let bytes = 0
  let liveBytes = 0
  // Deletions first: packing takes room before it gives any, and a full disk has none until these are done.
  for (const { key, value } of await storage.list('segments', repoRange(did))) {
    // Our own row, written by this code.
    const row = value as SegmentRow
    const segment = Number.parseInt(key.slice(did.length + 1), 16)
    // What a cut-off import wrote waits for its next try.
    if (row.import === pending?.id) continue
    const offsets = live.get(segment)
    if (offsets !== undefined) {
      partly.push({ segment, row, offsets })
      continue
    }
    await storage.write([
      { type: 'delete', table: 'segments', key },
      { type: 'delete-bytes', key: segmentBytesKey(did, segment, row.generation) },
    ])
    deleted++
  }
  for (const { segment, row, offsets } of partly) {
    const result = await pack(storage, did, segment, row, offsets).catch((error: unknown) => {
      // What the disk has lost is packed no more. It stays as it is, and the others do not wait for it.
      if (hasCode(error, 'storage.segment-gone')) return { packed: false, bytes: row.size, live: 0 }
      throw error
    })
    if (result.packed) packed++
    bytes += result.bytes
    liveBytes += result.live
  }
  return { deleted, packed, bytes, liveBytes }
}

async function mark(
  storage: Storage,
  did: string,
  snapshots: readonly SnapshotRow[],
): Promise<Map<number, Live>> {
  const reader = createSegmentReader(storage, did)
  const live = new Map<number, Live>()
  /** False when it was marked before: snapshots share subtrees. */
  const add = (place: Place): boolean => {
    const offsets = live.get(place.segment)
    if (offsets === undefined) {
      live.set(place.segment, new Set([place.offset]))
      return true
    }
    if (offsets.has(place.offset)) return false
    offsets.add(place.offset)
    return true
  }
  const go = async (at: StoredChild): Promise<void> => {
    if (!add(at)) return
    const stored: StoredNode = await reader.load(at)
    for (const record of stored.records) add(record)
    for (const child of stored.children) if (child !== undefined) await go(child)
  }
  for (const snapshot of snapshots) await go(snapshot.root)
  return live
}

async function pack(
  storage: Storage,
  did: string,
  segment: number,
  row: SegmentRow,
  live: Live,
): Promise<{ packed: boolean; bytes: number; live: number }> {
  const old = segmentBytesKey(did, segment, row.generation)
  const bytes = await storage.readBytes(old)
  const original = originals(row.moved)
  const parts: Uint8Array<ArrayBuffer>[] = []
  const moved: number[] = []
  let size = 0
  let start = 0
  for (const frame of frames(bytes)) {
    const address = original.get(frame.from) ?? frame.from
    if (live.has(address)) {
      moved.push(address, size + frame.from - start)
      parts.push(bytes.subarray(start, frame.to))
      size += frame.to - start
    }
    start = frame.to
  }
  // Behind a damaged byte no frame is found, though each is still read by its place: what lies there stays as it is.
  const isWhole = parts.length === live.size
  if (!isWhole || size >= row.size * LIVE_SHARE) return { packed: false, bytes: row.size, live: size }
  const generation = row.generation + 1
  const next: SegmentRow = { ...row, size, generation, moved: pairs(moved) }
  const ops: WriteOp[] = [
    { type: 'put', table: 'segments', key: segmentKey(did, segment), value: next },
    { type: 'put-bytes', key: segmentBytesKey(did, segment, generation), parts },
    { type: 'delete-bytes', key: old },
  ]
  try {
    await storage.write(ops, {
      guards: [
        {
          table: 'segments',
          key: segmentKey(did, segment),
          holds: (value) => (value as SegmentRow | undefined)?.generation === row.generation,
        },
      ],
    })
  } catch (error) {
    if (!hasCode(error, 'storage.conflict')) throw error
  }
  return { packed: true, bytes: size, live: size }
}

/** New offset → the address it always had. */
function originals(moved: Uint32Array | undefined): Map<number, number> {
  const out = new Map<number, number>()
  for (let i = 0; i + 1 < (moved?.length ?? 0); i += 2) out.set(moved?.[i + 1] ?? 0, moved?.[i] ?? 0)
  return out
}

/** (address, offset) pairs sorted by address. */
function pairs(flat: readonly number[]): Uint32Array {
  const list: [number, number][] = []
  for (let i = 0; i < flat.length; i += 2) list.push([flat[i] ?? 0, flat[i + 1] ?? 0])
  list.sort((a, b) => a[0] - b[0])
  return Uint32Array.from(list.flat())
}

/**
 * Deletes one snapshot that is not the head; the sweep frees what it alone held. What separates it from the one
 * after it is noted in the same transaction, if it can be and unless `note` is false: for who has no room for it.
 *
 * @throws StorageError `storage.conflict` when it is the head
 */
export async function deleteSnapshotRow(
  storage: Storage,
  snapshot: SnapshotRow,
  { note = true }: { readonly note?: boolean } = {},
): Promise<void> {
  const { did, id } = snapshot
  const deletion: WriteOp = { type: 'delete', table: 'snapshots', key: snapshotKey(did, id) }
  const notHead: Guard = {
    table: 'repos',
    key: did,
    holds: (value) => (value as { head?: string } | undefined)?.head !== id,
  }
  const ops = note ? await changesOps(storage, snapshot) : []
  try {
    await storage.write([deletion, ...ops], { guards: [notHead] })
  } catch (error) {
    // A note that finds no room keeps nothing from being freed.
    if (ops.length === 0 || hasCode(error, 'storage.conflict')) throw error
    await storage.write([deletion], { guards: [notHead] })
  }
}
