import { CID_BYTES, CID_HEADER_BYTES, CID_UNSUPPORTED, readCidHeader } from '../../core/cid.ts'
import type { Cid } from '../../core/cid.ts'
import { MAX_VARINT_BYTES, readVarint, VARINT_BAD, VARINT_MORE, varintLength } from '../../core/varint.ts'
import { RepoError } from '../errors.ts'
import { MAX_HEADER_BYTES, parseCarHeader } from './header.ts'

/**
 * A CAR v1 file, read as it arrives in chunks of any size. It splits and bounds; it proves nothing:
 * whoever takes the blocks hashes them.
 *
 * Frame: varint length, then 36 bytes of CID and the data. Spec: ipld.io, "CARv1".
 */
export interface CarSink {
  header(header: CarHeader): void
  /**
   * One block. `buffer` holds the digest at `digestOffset` (32 bytes) and the data in
   * `[dataOffset, dataEnd)`; it is the pushed chunk itself or a buffer that is used again, so its bytes
   * are valid only during the call. `position` is the byte offset of the frame in the CAR.
   */
  block(
    codec: number,
    buffer: Uint8Array,
    digestOffset: number,
    dataOffset: number,
    dataEnd: number,
    position: number,
  ): void
}

export interface CarHeader {
  readonly roots: readonly Cid[]
}

export interface CarLimits {
  /** bytes of one block's data */
  readonly maxBlockBytes: number
}

/** Twice the largest record: no block of a repository is larger. */
export const DEFAULT_CAR_LIMITS: CarLimits = { maxBlockBytes: 2 * 1_048_576 }

/** The carry buffer that is kept between frames; a larger one is given back. */
const KEPT_CARRY_BYTES = 64 * 1024

export interface CarReader {
  /**
   * Takes the next bytes and hands out every block that they complete, copying only those that lie
   * across chunks. Throws `RepoError`: `repo.car-header`, `repo.car-version`, `repo.car-frame`,
   * `repo.block-too-large`, `repo.cid-unsupported`; after that, or after the sink has thrown, the
   * reader gives the same error for good.
   */
  push(chunk: Uint8Array): void
  /** Says that the bytes are over. Throws `repo.car-truncated` amid a frame or before the header. */
  end(): void
  /** Bytes taken so far. */
  readonly position: number
}

/** Holds at most the bytes of one unfinished frame, and never more than has been received. */
export function createCarReader(sink: CarSink, limits: CarLimits = DEFAULT_CAR_LIMITS): CarReader {
  let carry = new Uint8Array(1024)
  let carried = 0
  /** offset in the CAR of the frame that comes next or lies unfinished in `carry` */
  let frameStart = 0
  let received = 0
  let sawHeader = false
  let failure: { readonly error: unknown } | undefined

  /** Bytes of the frame whose start is at `at`, head included; VARINT_MORE while its head is cut off. */
  function frameSize(bytes: Uint8Array, at: number, end: number): number {
    const length = readVarint(bytes, at, end)
    if (length === VARINT_MORE) return VARINT_MORE
    if (!sawHeader) {
      if (length === VARINT_BAD || length === 0 || length > MAX_HEADER_BYTES) {
        throw new RepoError('repo.car-header', { offset: 0, reason: 'length' })
      }
    } else if (length === VARINT_BAD || length < CID_BYTES) {
      throw new RepoError('repo.car-frame', { offset: frameStart, reason: 'length' })
    } else if (length - CID_BYTES > limits.maxBlockBytes) {
      throw new RepoError('repo.block-too-large', { offset: frameStart, size: length - CID_BYTES })
    }
    return varintLength(length) + length
  }

  /** Hands out the whole frame of `size` bytes at `at`. */
  function deliver(bytes: Uint8Array, at: number, size: number): void {
    const cid = at + headLength(bytes, at)
    const end = at + size
    if (!sawHeader) {
      sawHeader = true
      sink.header({ roots: parseCarHeader(bytes.subarray(cid, end)) })
    } else {
      const codec = readCidHeader(bytes, cid)
      if (codec === CID_UNSUPPORTED) throw new RepoError('repo.cid-unsupported', { offset: frameStart })
      sink.block(codec, bytes, cid + CID_HEADER_BYTES, cid + CID_BYTES, end, frameStart)
    }
    frameStart += size
  }

  function carryOn(bytes: Uint8Array, from: number, count: number): void {
    const needed = carried + count
    if (needed > carry.length) {
      const grown = new Uint8Array(Math.max(needed, carry.length * 2))
      grown.set(carry.subarray(0, carried))
      carry = grown
    }
    carry.set(bytes.subarray(from, from + count), carried)
    carried = needed
  }

  /** Completes the unfinished frame from the chunk; returns how much of the chunk it took. */
  function finishCarried(chunk: Uint8Array): number {
    let at = 0
    let size = frameSize(carry, 0, carried)
    // The head is at most 8 bytes long, so this ends.
    while (size === VARINT_MORE && at < chunk.length && carried < MAX_VARINT_BYTES) {
      carryOn(chunk, at++, 1)
      size = frameSize(carry, 0, carried)
    }
    if (size === VARINT_MORE) return at
    const count = Math.min(size - carried, chunk.length - at)
    carryOn(chunk, at, count)
    at += count
    if (carried === size) {
      carried = 0
      deliver(carry, 0, size)
      if (carry.length > KEPT_CARRY_BYTES) carry = new Uint8Array(1024)
    }
    return at
  }

  function take(chunk: Uint8Array): void {
    let at = carried > 0 ? finishCarried(chunk) : 0
    while (at < chunk.length) {
      const size = frameSize(chunk, at, chunk.length)
      if (size === VARINT_MORE || size > chunk.length - at) {
        carryOn(chunk, at, chunk.length - at)
        return
      }
      deliver(chunk, at, size)
      at += size
    }
  }

  function guarded(work: () => void): void {
    if (failure !== undefined) throw failure.error
    try {
      work()
    } catch (error) {
      failure = { error }
      throw error
    }
  }

  return {
    push(chunk) {
      received += chunk.length
      // A Buffer becomes what it is underneath: one kind of array keeps the hot path fast.
      const bytes =
        chunk.constructor === Uint8Array
          ? chunk
          : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
      guarded(() => take(bytes))
    },
    end() {
      guarded(() => {
        if (carried > 0 || !sawHeader) throw new RepoError('repo.car-truncated', { offset: frameStart })
      })
    },
    get position() {
      return received
    },
  }
}

/** Bytes of the varint at `at`, which has been read already. */
function headLength(bytes: Uint8Array, at: number): number {
  let length = 1
  while (length < MAX_VARINT_BYTES && (bytes[at + length - 1] as number) >= 0x80) length++
  return length
}
