import { StorageError } from './errors.ts'
import { holdsImport } from './import-row.ts'
import type { Storage } from './port.ts'
import { segmentBytesKey, segmentKey, type SegmentRow } from './rows.ts'

/** One value of about a megabyte: measured as fast as any larger one, and a good unit to compact. */
export const SEGMENT_BYTES = 1 << 20
/** Writes under way at once: enough to keep the disk busy while the next segment fills, in little memory. */
const IN_FLIGHT = 4

/**
 * The segments of one import on their way to the disk, from all its writers: a bounded number at once, and
 * their buffers used again.
 *
 * Every write is guarded by the import's row: when the import is discarded elsewhere, nothing more of it lands.
 */
export interface WriteLane {
  readonly did: string
  /** A buffer of at least this many bytes. */
  take(length: number): Uint8Array<ArrayBuffer>
  /** Writes the first `length` bytes as a segment of this id. */
  put(id: number, kind: SegmentRow['kind'], buffer: Uint8Array<ArrayBuffer>, length: number): void
  /** True when {@link room} has to wait, or to throw. */
  readonly busy: boolean
  /** Waits until few enough writes are under way to go on. Throws what a write threw. */
  room(): Promise<void>
  /** Waits for all. Throws what a write threw. */
  idle(): Promise<void>
}

export function createWriteLane(storage: Storage, did: string, importId: string): WriteLane {
  const free: Uint8Array<ArrayBuffer>[] = []
  const flying = new Set<Promise<void>>()
  let failure: unknown

  const write = async (
    id: number,
    kind: SegmentRow['kind'],
    buffer: Uint8Array<ArrayBuffer>,
    length: number,
  ): Promise<void> => {
    const row: SegmentRow = { kind, size: length, import: importId, generation: 0, moved: undefined }
    await storage.write(
      [
        { type: 'add', table: 'segments', key: segmentKey(did, id), value: row },
        { type: 'put-bytes', key: segmentBytesKey(did, id, 0), parts: [buffer.subarray(0, length)] },
      ],
      { guards: [holdsImport(did, importId)] },
    )
    if (buffer.length === SEGMENT_BYTES && free.length < IN_FLIGHT) free.push(buffer)
  }

  const check = (): void => {
    if (failure === undefined) return
    throw failure instanceof Error ? failure : new StorageError('storage.failed', {}, { cause: failure })
  }

  return {
    did,
    take: (length) => (length > SEGMENT_BYTES ? new Uint8Array(length) : (free.pop() ?? new Uint8Array(SEGMENT_BYTES))),
    put(id, kind, buffer, length) {
      const flight = write(id, kind, buffer, length)
        .catch((error: unknown) => {
          failure ??= error
        })
        .finally(() => flying.delete(flight))
      flying.add(flight)
    },
    get busy() {
      return flying.size >= IN_FLIGHT || failure !== undefined
    },
    async room() {
      check()
      while (flying.size >= IN_FLIGHT) await Promise.race(flying)
      check()
    },
    async idle() {
      await Promise.all(flying)
      check()
    },
  }
}
