import { MAX_VARINT_BYTES, writeVarint } from '../core/varint.ts'
import { type StoredNode, writeStored } from '../repo/mst/stored.ts'
import { carFrameLength } from '../repo/car/writer.ts'
import type { SegmentRow } from './rows.ts'
import type { WriteLane } from './write-lane.ts'

/**
 * Packs blocks of one import into segments and hands them to its lane as they fill.
 *
 * A segment is a run of frames: `varint length, 36 bytes of CID, data` as in a CAR for records, and
 * `varint length, stored node` for the tree, so a segment can be read again without any index.
 */
export interface SegmentWriter {
  /** Id of the segment being filled. */
  readonly segment: number
  /** A record frame from bytes that hold its digest at `digestAt`. Returns the offset of its data. */
  record(bytes: Uint8Array, digestAt: number, from: number, to: number): number
  /** A stored tree node of this size. Returns the offset of its bytes. */
  node(stored: StoredNode, size: number): number
  /** Hands what is left to the lane. */
  seal(): void
}

export function createSegmentWriter(
  lane: WriteLane,
  kind: SegmentRow['kind'],
  /** a random 32-bit number */
  pick: () => number,
): SegmentWriter {
  let buffer: Uint8Array<ArrayBuffer> | undefined
  let used = 0
  let segment = pick()

  const seal = (): void => {
    if (buffer === undefined || used === 0) return
    lane.put(segment, kind, buffer, used)
    buffer = undefined
    used = 0
    segment = pick()
  }

  const reserve = (length: number): Uint8Array<ArrayBuffer> => {
    if (buffer !== undefined && used + length > buffer.length) seal()
    buffer ??= lane.take(length)
    return buffer
  }

  return {
    get segment() {
      return segment
    },
    record(bytes, digestAt, from, to) {
      const out = reserve(carFrameLength(to - from))
      used = writeVarint(out, used, 36 + to - from)
      // The four bytes before a digest of a CAR are its CID's head; only DAG-CBOR comes here.
      out[used] = 0x01
      out[used + 1] = 0x71
      out[used + 2] = 0x12
      out[used + 3] = 0x20
      const offset = used + 36
      if (digestAt + 32 === from) out.set(bytes.subarray(digestAt, to), used + 4)
      else {
        out.set(bytes.subarray(digestAt, digestAt + 32), used + 4)
        out.set(bytes.subarray(from, to), offset)
      }
      used = offset + to - from
      return offset
    },
    node(stored, size) {
      const out = reserve(MAX_VARINT_BYTES + size)
      const offset = writeVarint(out, used, size)
      used = writeStored(out, offset, stored)
      return offset
    },
    seal,
  }
}
