import { CID_BYTES, DIGEST_BYTES } from '../core/cid.ts'
import { MAX_VARINT_BYTES, readVarint, writeVarint } from '../core/varint.ts'
import { type StoredNode, writeStored } from '../repo/mst/stored.ts'
import { carFrameLength } from '../repo/car/writer.ts'
import type { SegmentRow } from './rows.ts'
import type { WriteLane } from './write-lane.ts'

/** Of the first buffer, until more comes. */
const FIRST_BYTES = 32 * 1024
const CID_HEAD = [0x01, 0x71, 0x12, 0x20] as const

/**
 * Packs blocks of one import into segments and hands them to its lane as they fill.
 *
 * A segment is a run of frames: `varint length, 36 bytes of CID, data` as in a CAR for records, and
 * `varint length, stored node` for the tree, so a segment can be read again without any index.
 */
export interface SegmentWriter {
  /** Id of the segment being filled. */
  readonly segment: number
  /**
   * A record frame from bytes that hold its digest at `digestAt`. Returns the offset of its data. The bytes
   * may be read until {@link copyRun}.
   */
  record(bytes: Uint8Array, digestAt: number, from: number, to: number): number
  /** Copies what is still to be read of bytes that were given, which may be filled anew then. */
  copyRun(): void
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
  /** throws when what was written must not be kept; called before a segment is handed to the lane */
  beforeSeal: () => void = () => {},
): SegmentWriter {
  let buffer: Uint8Array<ArrayBuffer> | undefined
  let used = 0
  let segment = pick()
  let isFirst = true

  const seal = (): void => {
    copyRun()
    if (buffer === undefined || used === 0) return
    beforeSeal()
    lane.put(segment, kind, buffer, used)
    buffer = undefined
    used = 0
    segment = pick()
  }

  /** Most that is taken in is an edit or a few: those do not clear a megabyte for it. */
  const first = (length: number): Uint8Array<ArrayBuffer> =>
    length < FIRST_BYTES ? new Uint8Array(FIRST_BYTES) : lane.take(length)

  const fits = (length: number): boolean => buffer !== undefined && used + length <= buffer.length

  const reserve = (length: number): Uint8Array<ArrayBuffer> => {
    if (buffer?.length === FIRST_BYTES && !fits(length)) {
      const larger = lane.take(used + length)
      larger.set(buffer.subarray(0, used))
      buffer = larger
    }
    if (buffer !== undefined && !fits(length)) seal()
    buffer ??= isFirst ? first(length) : lane.take(length)
    isFirst = false
    return buffer
  }

  /** Frames that follow one another in the caller's bytes as they will in the segment: one copy for all. */
  let run: { readonly bytes: Uint8Array; readonly from: number; to: number; readonly at: number } | undefined

  const copyRun = (): void => {
    if (run !== undefined) buffer?.set(run.bytes.subarray(run.from, run.to), run.at)
    run = undefined
  }

  const writeFrame = (
    bytes: Uint8Array,
    digestAt: number,
    from: number,
    to: number,
    length: number,
  ): number => {
    copyRun()
    const out = reserve(length)
    used = writeVarint(out, used, CID_BYTES + to - from)
    for (const byte of CID_HEAD) out[used++] = byte
    out.set(bytes.subarray(digestAt, digestAt + DIGEST_BYTES), used)
    const offset = used + DIGEST_BYTES
    out.set(bytes.subarray(from, to), offset)
    used = offset + to - from
    return offset
  }

  return {
    get segment() {
      return segment
    },
    record(bytes, digestAt, from, to) {
      const length = carFrameLength(to - from)
      const start = to - length
      if (!isFrame(bytes, start, digestAt, from, to)) return writeFrame(bytes, digestAt, from, to, length)
      if (run === undefined || run.bytes !== bytes || run.to !== start || !fits(length)) {
        copyRun()
        reserve(length)
        run = { bytes, from: start, to: start, at: used }
      }
      run.to = to
      used += length
      return used - (to - from)
    },
    copyRun,
    node(stored, size) {
      const out = reserve(MAX_VARINT_BYTES + size)
      const offset = writeVarint(out, used, size)
      used = writeStored(out, offset, stored)
      return offset
    },
    seal,
  }
}

/** Whether bytes [start, to) are the frame already: the right length, then the CID, then the data. */
function isFrame(bytes: Uint8Array, start: number, digestAt: number, from: number, to: number): boolean {
  if (start < 0 || digestAt + DIGEST_BYTES !== from) return false
  const head = digestAt - CID_HEAD.length
  for (let i = 0; i < CID_HEAD.length; i++) if (bytes[head + i] !== CID_HEAD[i]) return false
  return readVarint(bytes, start, head) === CID_BYTES + to - from
}
