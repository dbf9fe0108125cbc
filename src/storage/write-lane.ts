import { StorageError } from './errors.ts'
import { nextTask } from './next-task.ts'
import type { ImportHold } from './import-row.ts'
import type { WriteOp } from './port.ts'
import { segmentBytesKey, segmentKey, type SegmentRow } from './rows.ts'

/** One value of about a megabyte: measured as fast as any larger one, and a good unit to compact. */
const SEGMENT_BYTES = 1 << 20
/** Transactions under way at once: one for the disk while the next is prepared. */
const IN_FLIGHT = 2
/** Segments that go together, but for the first and the last: a transaction costs about as much, whatever it holds. */
const TOGETHER = 4
/** Segments that wait at most, while the disk is slower than what comes. More cost memory and save no time. */
const WAITING = 4
/** So many are not left for the head's transaction: it would hold it up for longer than a transaction costs. */
const TOO_MANY_LEFT = 2 * TOGETHER
/** Bytes that are taken in before writes under way get their turn: some ten milliseconds of work. */
const TURN_BYTES = 1 << 20

interface Sealed {
  readonly id: number
  readonly kind: SegmentRow['kind']
  readonly buffer: Uint8Array<ArrayBuffer>
  readonly length: number
}

/**
 * The segments of one import on their way to the disk, from all its writers: the first ones at once, then several
 * together.
 *
 * They are written as the import's {@link ImportHold} lets them: when it is discarded elsewhere, nothing more lands.
 */
export interface WriteLane {
  readonly did: string
  /** A buffer of at least this many bytes. */
  take(length: number): Uint8Array<ArrayBuffer>
  /** Writes the first `length` bytes as a segment of this id, and takes the buffer back. */
  put(id: number, kind: SegmentRow['kind'], buffer: Uint8Array<ArrayBuffer>, length: number): void
  /**
   * Counts bytes that were taken in; true when {@link room} has to wait or to throw, and after every megabyte:
   * writes under way want a turn then.
   */
  pauses(bytes: number): boolean
  /**
   * Waits until few enough writes are under way to go on. Throws what a write threw.
   *
   * Those under way get a turn in any case: a host answers their requests in tasks of their own, and whoever
   * goes from promise to promise lets none of them run. Then the first segments lie on their way for as long as
   * it takes to fill all the others.
   */
  room(): Promise<void>
  /** Waits for all that is sent. Throws what a write threw. */
  idle(): Promise<void>
  /** From here on what is left is kept for the head's transaction, unless it is too much, until {@link release}. */
  hold(): void
  release(): void
  /** What has not been sent, for a transaction of the caller's. */
  rest(): readonly WriteOp[]
  /** The bytes of a segment that has not been sent. */
  bytesOf(id: number): Uint8Array | undefined
  /** Forgets what has not been sent, and waits for what has. */
  drop(): Promise<void>
}

export function createWriteLane(did: string, writes: ImportHold): WriteLane {
  const free: Uint8Array<ArrayBuffer>[] = []
  const flying = new Set<Promise<void>>()
  let waiting: Sealed[] = []
  let failure: unknown
  /** bytes since the last turn */
  let taken = 0
  /** Callers that wait for all: what is left goes then, however little. */
  let idlers = 0
  /** transactions so far: the first ones go as soon as they can, so that the disk is busy from the start */
  let sent = 0
  let isHeld = false

  const opsOf = (sealed: readonly Sealed[]): WriteOp[] =>
    sealed.flatMap(({ id, kind, buffer, length }): WriteOp[] => {
      const row: SegmentRow = { kind, size: length, import: writes.id, generation: 0, moved: undefined }
      return [
        { type: 'add', table: 'segments', key: segmentKey(did, id), value: row },
        { type: 'put-bytes', key: segmentBytesKey(did, id, 0), parts: [buffer.subarray(0, length)] },
      ]
    })

  const send = (): void => {
    const enough = isHeld ? TOO_MANY_LEFT : idlers > 0 || sent < IN_FLIGHT ? 1 : TOGETHER
    if (waiting.length < enough || flying.size >= IN_FLIGHT) return
    const sealed = waiting
    waiting = []
    sent++
    const flight = writes
      .write(opsOf(sealed))
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

  const landed = async (): Promise<void> => {
    // No flight rejects, and each sends what waits before it ends.
    while (flying.size > 0) await Promise.race(flying)
  }

  return {
    did,
    take: (length) =>
      length > SEGMENT_BYTES ? new Uint8Array(length) : (free.pop() ?? new Uint8Array(SEGMENT_BYTES)),
    put(id, kind, buffer, length) {
      waiting.push({ id, kind, buffer, length })
      send()
    },
    pauses(bytes) {
      taken += bytes
      return taken >= TURN_BYTES || waiting.length >= WAITING || failure !== undefined
    },
    async room() {
      check()
      taken = 0
      if (flying.size > 0) await nextTask()
      while (waiting.length >= WAITING && flying.size > 0) await Promise.race(flying)
      check()
    },
    async idle() {
      idlers++
      send()
      await landed()
      idlers--
      check()
    },
    hold: () => void (isHeld = true),
    release: () => void (isHeld = false),
    rest: () => opsOf(waiting),
    bytesOf(id) {
      const found = waiting.find((it) => it.id === id)
      return found?.buffer.subarray(0, found.length)
    },
    async drop() {
      isHeld = true
      waiting = []
      await landed()
    },
  }
}
