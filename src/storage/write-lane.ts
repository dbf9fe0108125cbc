import { StorageError } from './errors.ts'
import { holdsImport } from './import-row.ts'
import type { Storage, WriteOp } from './port.ts'
import { segmentBytesKey, segmentKey, type SegmentRow } from './rows.ts'

/** One value of about a megabyte: measured as fast as any larger one, and a good unit to compact. */
const SEGMENT_BYTES = 1 << 20
/** Transactions under way at once: one for the disk while the next is prepared. */
const IN_FLIGHT = 2
/**
 * Segments that wait for one of them to end and then go together: each transaction waits for the disk
 * once, whatever it holds. More would cost memory and win nothing.
 */
const WAITING = 4

interface Sealed {
  readonly id: number
  readonly kind: SegmentRow['kind']
  readonly buffer: Uint8Array<ArrayBuffer>
  readonly length: number
}

/**
 * The segments of one import on their way to the disk, from all its writers: at once
 * while it is idle and several together while it is not, and their buffers used again.
 *
 * Every write is guarded by the import's row: when the import is discarded elsewhere, nothing more of it lands.
 */
export interface WriteLane {
  readonly did: string
  /** A buffer of at least this many bytes. */
  take(length: number): Uint8Array<ArrayBuffer>
  /** Takes the first `length` bytes as a segment of this id, to be written with the next few. */
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

  const write = async (sealed: readonly Sealed[]): Promise<void> => {
    const ops = sealed.flatMap(({ id, kind, buffer, length }): WriteOp[] => {
      const row: SegmentRow = { kind, size: length, import: importId, generation: 0, moved: undefined }
      return [
        { type: 'add', table: 'segments', key: segmentKey(did, id), value: row },
        { type: 'put-bytes', key: segmentBytesKey(did, id, 0), parts: [buffer.subarray(0, length)] },
      ]
    })
    await storage.write(ops, { guards: [holdsImport(did, importId)] })
    for (const { buffer } of sealed)
      if (buffer.length === SEGMENT_BYTES && free.length < WAITING) free.push(buffer)
  }

  const send = (): void => {
    if (waiting.length === 0 || flying.size >= IN_FLIGHT) return
    const flight = write(waiting)
      .catch((error: unknown) => {
        failure ??= error
      })
      .finally(() => {
        flying.delete(flight)
        send()
      })
    flying.add(flight)
    waiting = []
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
