import { hasCode } from '../core/errors.ts'
import type { TreeSource } from '../repo/mst/read.ts'
import { decodeStored, type Place, type StoredNode } from '../repo/mst/stored.ts'
import { StorageError } from './errors.ts'
import type { ByteRange, Storage } from './port.ts'
import { planRuns } from './runs.ts'
import { segmentBytesKey, segmentKey, type SegmentRow, type TreeWindow } from './rows.ts'

/**
 * A node is read together with the bytes before it: children are written before parents, so most of a
 * subtree lies there. Small enough that reading one record stays under 64 KB in all.
 */
const READ_AHEAD = 8 * 1024
/** Windows of tree bytes kept: about 2 MB at most. */
const WINDOWS = 200
/** A segment may be compacted again while its new place is learned; not this often. */
const ROUNDS = 4

/**
 * For who goes through a whole tree: its nodes lie one after another, so those that come next lie behind each.
 * A 100,000 record repo takes 38 reads this way, and 3,914 without. Three or four places are read from by turns,
 * one for each group of layers; before a node lies what is below it in its group.
 */
export const WHOLE_TREE: ReadAhead = { before: 32 * 1024, after: 256 * 1024, windows: 8 }

interface Window extends Pick<TreeWindow, 'from' | 'bytes'> {
  readonly segment: number
  /** when it was last of use */
  used: number
}

/** How a reader gets tree nodes: more at once for who reads all of a tree than for who reads one record. */
export interface ReadAhead {
  /** bytes read with a node, before and after it */
  readonly before?: number
  readonly after?: number
  readonly windows?: number
}

/** Reads records and tree nodes of one repo by place, whatever compaction has done to their segments. */
export interface SegmentReader extends TreeSource {
  /** A node that can be had without waiting; undefined when it has to be loaded. */
  held(place: Place): StoredNode | undefined
  loadAll(places: readonly Place[]): Promise<readonly StoredNode[]>
  /** Bytes of records, in the order asked; near ones are read together. */
  records(places: readonly Place[]): Promise<Uint8Array[]>
  /** The same, each copied into `out` at its place of `at`. */
  copyRecords(places: readonly Place[], out: Uint8Array, at: readonly number[]): Promise<void>
  /**
   * The bytes that a read of this node keeps: the node, and what lies before it. None of a segment that was
   * compacted: a reader that does not know of it yet would look for them under their first addresses.
   */
  windowOf(place: Place): Promise<TreeWindow | undefined>
  /** Takes such bytes from where they were kept. */
  prime(window: TreeWindow): void
  /** Bytes that were moved from the disk so far. */
  readonly bytesRead: number
}

/** The same of a segment's bytes at hand, of which nothing was compacted. */
export function windowIn(bytes: Uint8Array, { segment, offset, length }: Place): TreeWindow {
  const from = Math.max(0, offset - READ_AHEAD)
  return { segment, from, bytes: bytes.slice(from, offset + length) }
}

export function createSegmentReader(
  storage: Storage,
  did: string,
  { before = READ_AHEAD, after = 0, windows: most = WINDOWS }: ReadAhead = {},
): SegmentReader {
  /** Segments that were compacted since; all others are read without asking for their row. */
  const rows = new Map<number, SegmentRow>()
  const windows: Window[] = []
  let uses = 0
  /** counts what `rows` learned */
  let learned = 0
  let bytesRead = 0

  const moved = (segment: number, offset: number): number => {
    const map = rows.get(segment)?.moved
    if (map === undefined) return offset
    let low = 0
    let high = map.length / 2 - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const old = map[middle * 2] ?? 0
      if (old === offset) return map[middle * 2 + 1] ?? 0
      if (old < offset) low = middle + 1
      else high = middle - 1
    }
    throw new StorageError('storage.segment-gone', { segment, offset })
  }

  const range = (segment: number, from: number, to: number): ByteRange => ({
    key: segmentBytesKey(did, segment, generation(segment)),
    from,
    to,
  })

  const generation = (segment: number): number => rows.get(segment)?.generation ?? 0

  /** After compaction elsewhere: learn where the bytes went. */
  const relearn = async (segments: readonly number[]): Promise<void> => {
    const found = await storage.getMany(
      'segments',
      segments.map((segment) => segmentKey(did, segment)),
    )
    found.forEach((value, i) => {
      const segment = segments[i]
      // Our own row, written by this code.
      const row = value as SegmentRow | undefined
      if (segment === undefined || row === undefined) return
      if (generation(segment) >= row.generation) return
      rows.set(segment, row)
      for (let n = windows.length; n-- > 0;) if (windows[n]?.segment === segment) windows.splice(n, 1)
      learned++
    })
  }

  /** Reads, and reads again when a segment was compacted since what is known of it; perhaps by another read. */
  const again = async <T>(places: readonly Place[], read: () => Promise<T>): Promise<T> => {
    for (let round = 1; ; round++) {
      const known = learned
      try {
        return await read()
      } catch (error) {
        if (!hasCode(error, 'storage.segment-gone') || round === ROUNDS) throw error
        await relearn([...new Set(places.map((place) => place.segment))])
        if (learned === known) throw error
      }
    }
  }

  const keep = (segment: number, from: number, bytes: Uint8Array): void => {
    if (windows.length >= most) {
      const oldest = windows.reduce((one, other) => (other.used < one.used ? other : one))
      windows.splice(windows.indexOf(oldest), 1)
    }
    windows.push({ segment, from, bytes, used: ++uses })
  }

  const cached = (place: Place, from: number): Uint8Array | undefined => {
    for (const window of windows) {
      const at = from - window.from
      if (window.segment !== place.segment || at < 0 || at + place.length > window.bytes.length) continue
      window.used = ++uses
      return window.bytes.subarray(at, at + place.length)
    }
    return undefined
  }

  const windowAt = async (place: Place, at: number): Promise<Pick<TreeWindow, 'from' | 'bytes'>> => {
    const from = Math.max(0, at - before)
    const [bytes] = await storage.readRanges([range(place.segment, from, at + place.length + after)])
    if (bytes === undefined || bytes.length < at - from + place.length) {
      throw new StorageError('storage.segment-gone', { segment: place.segment })
    }
    bytesRead += bytes.length
    return { from, bytes }
  }

  const load = async (place: Place): Promise<StoredNode> => {
    const bytes = await again([place], async () => {
      const known = learned
      const at = moved(place.segment, place.offset)
      const hit = cached(place, at)
      if (hit !== undefined) return hit
      const window = await windowAt(place, at)
      // Another read may have learned of a compaction meanwhile, which makes these bytes old.
      if (learned === known) keep(place.segment, window.from, window.bytes)
      return window.bytes.subarray(at - window.from)
    })
    return decodeStored(bytes)
  }

  /** One read for all that is not here yet; of those that lie near each other the last brings the others. */
  const loadAll = (places: readonly Place[]): Promise<StoredNode[]> =>
    again(places, async () => {
      const known = learned
      const order = places
        .map((place, index) => ({ place, index, at: moved(place.segment, place.offset) }))
        .sort((a, b) => a.place.segment - b.place.segment || b.at - a.at)
      const out: StoredNode[] = []
      const wanted: { segment: number; from: number; to: number; members: typeof order }[] = []
      for (const it of order) {
        const { place, at } = it
        const hit = cached(place, at)
        const last = wanted.at(-1)
        if (hit !== undefined) out[it.index] = decodeStored(hit)
        else if (last?.segment === place.segment && at >= last.from) last.members.push(it)
        else {
          const to = at + place.length
          wanted.push({ segment: place.segment, from: Math.max(0, at - before), to, members: [it] })
        }
      }
      const ranges = wanted.map(({ segment, from, to }) => range(segment, from, to + after))
      const reads = ranges.length === 0 ? [] : await storage.readRanges(ranges)
      wanted.forEach(({ segment, from, to, members }, i) => {
        const bytes = reads[i]
        if (bytes === undefined || bytes.length < to - from)
          throw new StorageError('storage.segment-gone', { segment })
        bytesRead += bytes.length
        if (learned === known) keep(segment, from, bytes)
        for (const { index, at } of members) out[index] = decodeStored(bytes.subarray(at - from))
      })
      return out
    })

  /** Hands out where the bytes of each record were read to, in the order in which they lie. */
  const eachRecord = (
    places: readonly Place[],
    each: (index: number, bytes: Uint8Array, from: number, to: number) => void,
  ): Promise<void> =>
    again(places, async () => {
      const offsets = places.map(({ segment, offset }) => moved(segment, offset))
      const { runs, order } = planRuns(places, offsets)
      const reads = await storage.readRanges(runs.map((run) => range(run.segment, run.from, run.to)))
      runs.forEach(({ segment, from, to, first, end }, n) => {
        const bytes = reads[n]
        if (bytes === undefined || bytes.length < to - from)
          throw new StorageError('storage.segment-gone', { segment })
        bytesRead += bytes.length
        for (let k = first; k < end; k++) {
          const i = order[k] ?? 0
          const at = (offsets[i] ?? 0) - from
          each(i, bytes, at, at + (places[i]?.length ?? 0))
        }
      })
    })

  return {
    held(place) {
      // Where things lie now is for `load` to find out.
      const bytes = rows.has(place.segment) ? undefined : cached(place, place.offset)
      return bytes && decodeStored(bytes)
    },
    load,
    loadAll,
    windowOf: (place) =>
      again([place], async () => {
        const window = await windowAt(place, moved(place.segment, place.offset))
        return generation(place.segment) > 0 ? undefined : { segment: place.segment, ...window }
      }),
    prime({ segment, from, bytes }) {
      // After a compaction the bytes lie elsewhere: then they are read anew.
      if (!rows.has(segment) && !windows.some((it) => it.segment === segment)) keep(segment, from, bytes)
    },
    async records(places) {
      const out: Uint8Array[] = []
      await eachRecord(places, (i, bytes, from, to) => {
        out[i] = bytes.subarray(from, to)
      })
      return out
    },
    copyRecords: (places, out, at) =>
      eachRecord(places, (i, bytes, from, to) => out.set(bytes.subarray(from, to), at[i])),
    get bytesRead() {
      return bytesRead
    },
  }
}
