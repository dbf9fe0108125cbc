import { writeVarint } from '../core/varint.ts'
import { carFrameLength } from '../repo/car/writer.ts'
import { StorageError } from './errors.ts'
import { holdsImport } from './import-row.ts'
import type { Storage } from './port.ts'
import { segmentBytesKey, segmentKey, type SegmentRow } from './rows.ts'

/** One value of about a megabyte: measured as fast as any larger one, and a good unit to compact. */
export const SEGMENT_BYTES = 1 << 20
/** Writes under way at once: enough to keep the disk busy while the next segment fills. */
const IN_FLIGHT = 4
/** A buffer this small is not worth keeping for the next segment. */
const POOL = IN_FLIGHT + 1

/**
 * Packs blocks of one import into segments and writes them as they fill.
 *
 * A segment is a run of frames: `varint length, 36 bytes of CID, data` as in a CAR for records, and
 * `varint length, stored node` for the tree, so a segment can be read again without any index.
 * Every write is guarded by the import's row: when the import is discarded elsewhere, nothing more of it lands.
 */
export interface SegmentWriter {
  /** Id of the segment being filled. */
  readonly segment: number
  /** A record frame from bytes that hold its digest at `digestAt`. Returns the offset of its data. */
  record(bytes: Uint8Array, digestAt: number, from: number, to: number): number
  /** A stored tree node. Returns the offset of its bytes. */
  node(bytes: Uint8Array): number
  /** Waits until few enough writes are under way to go on filling. Throws what a write threw. */
  room(): Promise<void>
  /** Writes what is left, and waits for all. */
  flush(): Promise<void>
  /** Bytes handed to the disk so far. */
  readonly written: number
  /** False when the next `room` has to wait. */
  readonly busy: boolean
}

export function createSegmentWriter(input: {
  readonly storage: Storage
  readonly did: string
  readonly importId: string
  readonly kind: SegmentRow['kind']
  /** a random 32-bit number */
  readonly pick: () => number
}): SegmentWriter {
  const { storage, did, importId, kind, pick } = input
  const free: Uint8Array<ArrayBuffer>[] = []
  const flying = new Set<Promise<void>>()
  let failure: unknown
  let buffer: Uint8Array<ArrayBuffer> | undefined
  let used = 0
  let segment = pick()
  let written = 0

  const put = async (id: number, full: Uint8Array<ArrayBuffer>, length: number): Promise<void> => {
    const row: SegmentRow = { kind, size: length, import: importId, generation: 0, moved: undefined }
    await storage.write(
      [
        { type: 'add', table: 'segments', key: segmentKey(did, id), value: row },
        { type: 'put-bytes', key: segmentBytesKey(did, id, 0), parts: [full.subarray(0, length)] },
      ],
      { guards: [holdsImport(did, importId)] },
    )
    if (full.length === SEGMENT_BYTES && free.length < POOL) free.push(full)
  }

  const seal = (): void => {
    if (buffer === undefined || used === 0) return
    written += used
    const flight = put(segment, buffer, used).catch((error: unknown) => {
      failure ??= error
    })
    flying.add(flight)
    void flight.finally(() => flying.delete(flight))
    buffer = undefined
    used = 0
    segment = pick()
  }

  const reserve = (length: number): Uint8Array<ArrayBuffer> => {
    if (buffer !== undefined && used + length > buffer.length) seal()
    buffer ??= length > SEGMENT_BYTES ? new Uint8Array(length) : (free.pop() ?? new Uint8Array(SEGMENT_BYTES))
    return buffer
  }

  const check = (): void => {
    if (failure === undefined) return
    throw failure instanceof Error ? failure : new StorageError('storage.failed', {}, { cause: failure })
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
      out.set(bytes.subarray(digestAt, digestAt + 32), used + 4)
      const offset = used + 36
      out.set(bytes.subarray(from, to), offset)
      used = offset + to - from
      return offset
    },
    node(bytes) {
      const out = reserve(8 + bytes.length)
      const offset = writeVarint(out, used, bytes.length)
      out.set(bytes, offset)
      used = offset + bytes.length
      return offset
    },
    async room() {
      check()
      while (flying.size >= IN_FLIGHT) await Promise.race(flying)
      check()
    },
    async flush() {
      seal()
      await Promise.all(flying)
      check()
    },
    get written() {
      return written
    },
    get busy() {
      return flying.size >= IN_FLIGHT || failure !== undefined
    },
  }
}
