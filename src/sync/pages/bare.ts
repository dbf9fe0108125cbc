import { concat } from '../../core/bytes.ts'
import { CID_BYTES, CODEC_DAG_CBOR, DIGEST_BYTES, writeCid } from '../../core/cid.ts'
import { readVarint, VARINT_BAD, VARINT_MORE, varintLength, writeVarint } from '../../core/varint.ts'
import { DEFAULT_CAR_LIMITS } from '../../repo/car/reader.ts'
import { carFrameLength } from '../../repo/car/writer.ts'
import { RepoError } from '../../repo/errors.ts'
import type { FragmentBlock, Frames } from './fragment.ts'
import { MAX_FRAME_BYTES } from './protocol.ts'

const BLANK = new Uint8Array(DIGEST_BYTES)
const NOTHING = new Uint8Array(0)

/** Blocks without their CIDs, each behind its length: whoever asked for them knows what each has to hash to. */
export function buildBare(blocks: readonly FragmentBlock[]): Uint8Array<ArrayBuffer> {
  return concat(
    blocks.flatMap(({ bytes }) => {
      const head = new Uint8Array(varintLength(bytes.length))
      writeVarint(head, 0, bytes.length)
      return [head, bytes]
    }),
  )
}

/**
 * Reads bare blocks, all DAG-CBOR, to the last byte, and sets them as frames of a CAR, with zeros where their
 * digests go. Those take no more room than an answer may; they are written into `room` where it is large enough.
 *
 * @throws RepoError `repo.car-truncated`, `repo.block-too-large`; `repo.car-frame` for a length that is none,
 * for an empty block, and for more blocks than fit an answer
 */
export function readBare(
  bare: Uint8Array,
  room: Uint8Array<ArrayBuffer> = NOTHING,
): Frames & { readonly bytes: Uint8Array<ArrayBuffer> } {
  let size = 0
  const starts: number[] = []
  const ends: number[] = []
  for (let at = 0; at < bare.length;) {
    const length = readVarint(bare, at, bare.length)
    if (length === VARINT_MORE) throw new RepoError('repo.car-truncated', { offset: at })
    if (length === VARINT_BAD || length === 0)
      throw new RepoError('repo.car-frame', { offset: at, reason: 'length' })
    if (length > DEFAULT_CAR_LIMITS.maxBlockBytes)
      throw new RepoError('repo.block-too-large', { offset: at, size: length })
    const start = at + varintLength(length)
    if (length > bare.length - start) throw new RepoError('repo.car-truncated', { offset: at })
    size += carFrameLength(length)
    // Blocks of a byte each would take a multiple of what came.
    if (size > MAX_FRAME_BYTES) throw new RepoError('repo.car-frame', { offset: at, reason: 'too many' })
    starts.push(start)
    at = start + length
    ends.push(at)
  }
  const bytes = size <= room.length ? room.subarray(0, size) : new Uint8Array(size)
  // From the end on, where each block lies behind the place that it moves to: no view is made of any.
  const shift = size - bare.length
  bytes.set(bare, shift)
  let at = 0
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i] ?? 0
    const end = ends[i] ?? start
    const length = end - start
    at = writeCid(bytes, writeVarint(bytes, at, CID_BYTES + length), CODEC_DAG_CBOR, BLANK)
    bytes.copyWithin(at, shift + start, shift + end)
    // From here on these are offsets in the frames.
    starts[i] = at
    at += length
    ends[i] = at
  }
  return { bytes, from: starts, to: ends }
}
