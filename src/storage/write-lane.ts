import { StorageError } from './errors.ts'
import { holdsImport } from './import-row.ts'
import type { Storage, WriteOp } from './port.ts'
import { segmentBytesKey, segmentKey, type SegmentRow } from './rows.ts'

/** One value of about a megabyte: measured as fast as any larger one, and a good unit to compact. */
const SEGMENT_BYTES = 1 << 20
/** Transactions under way at once: one for the disk while the next is prepared. */
const IN_FLIGHT = 2
/**
 * Segments that wait for one of them to end and then go together. Each transaction waits for the disk once,
 * whatever it holds: measured at 300,000 records, segments that go alone take a fifth longer. More of them
 * cost memory.
 */
const WAITING = 10

interface Sealed {
  readonly id: number
  readonly kind: SegmentRow['kind']
  readonly buffer: Uint8Array<ArrayBuffer>
  readonly length: number
}

/**
 * The segments of one import on their way to the disk, from all its writers: at once while the disk is
 * idle, several together while it is not.
 *
 * Every write is guarded by the import's row: when the import is discarded elsewhere, nothing more of it lands.
 */
export interface WriteLane {
  readonly did: string
  /** A buffer of at least this many bytes. */
  take(length: number): Uint8Array<ArrayBuffer>
  /** Writes the first `length` bytes as a segment of this id, and takes the buffer back. */
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
  let waiting: Sealed[] = []
  let failure: unknown

  const send = (): void => {
    if (waiting.length === 0 || flying.size >= IN_FLIGHT) return
    const sealed = waiting
    waiting = []
    const ops = sealed.flatMap(({ id, kind, buffer, length }): WriteOp[] => {
      const row: SegmentRow = { kind, size: length, import: importId, generation: 0, moved: undefined }
      return [
        { type: 'add', table: 'segments', key: segmentKey(did, id), value: row },
        { type: 'put-bytes', key: segmentBytesKey(did, id, 0), parts: [buffer.subarray(0, length)] },
      ]
    })
    const flight = storage
      .write(ops, { guards: [holdsImport(did, importId)] })
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => {
        flying.delete(flight)
        send()
      })
    flying.add(flight)
    // The storage has taken the bytes over.
    for (const { buffer } of sealed)
      if (buffer.length === SEGMENT_BYTES && free.length < WAITING) free.push(buffer)
  }

  const check = (): void => {
    if (failure === undefined) return
    throw failure instanceof Error ? failure : new StorageError('storage.failed', {}, { cause: failure })
  }

  return {
    did,
    take: (length) =>
      length > SEGMENT_BYTES ? new Uint8Array(length) : (free.pop() ?? new Uint8Array(SEGMENT_BYTES)),
    put(id, kind, buffer, length) {
      waiting.push({ id, kind, buffer, length })
      send()
    },
    get busy() {
      return waiting.length >= WAITING || failure !== undefined
    },
    async room() {
      check()
      while (waiting.length >= WAITING) await Promise.race(flying)
      check()
    },
    async idle() {
      while (flying.size > 0) await Promise.race(flying)
      check()
    },
  }
}
