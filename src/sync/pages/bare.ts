import { concat } from '../../core/bytes.ts'
import { CID_BYTES, CID_HEADER_BYTES, CODEC_DAG_CBOR, DIGEST_BYTES, writeCid } from '../../core/cid.ts'
import { readVarint, VARINT_BAD, VARINT_MORE, varintLength, writeVarint } from '../../core/varint.ts'
import { DEFAULT_CAR_LIMITS } from '../../repo/car/reader.ts'
import { carFrameLength } from '../../repo/car/writer.ts'
import { RepoError } from '../../repo/errors.ts'
import type { FragmentBlock } from './fragment.ts'
import { MAX_FRAME_BYTES } from './protocol.ts'

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

/** Bare blocks set as frames of a CAR, with room where their digests go. */
export interface BareFrames {
  readonly fragment: Uint8Array<ArrayBuffer>
  /** views into it; each digest is zeros until it is written there */
  readonly blocks: readonly FragmentBlock[]
}

const BLANK = new Uint8Array(DIGEST_BYTES)

/**
 * Reads bare blocks, all DAG-CBOR, to the last byte. What they are set as takes no more than an answer may.
 *
 * @throws RepoError `repo.car-truncated`, `repo.block-too-large`; `repo.car-frame` for a length that is none,
 * for an empty block, and for more blocks than fit an answer
 */
export function readBare(bare: Uint8Array): BareFrames {
  let size = 0
  const starts: number[] = []
  const ends: number[] = []
  for (let at = 0; at < bare.length; at = ends.at(-1) ?? bare.length) {
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
    ends.push(start + length)
  }
  const fragment = new Uint8Array(size)
  let at = 0
  const blocks = starts.map((start, i): FragmentBlock => {
    const end = ends[i] ?? start
    const cidAt = writeVarint(fragment, at, CID_BYTES + end - start)
    const from = writeCid(fragment, cidAt, CODEC_DAG_CBOR, BLANK)
    fragment.set(bare.subarray(start, end), from)
    at = from + end - start
    return {
      digest: fragment.subarray(cidAt + CID_HEADER_BYTES, from),
      bytes: fragment.subarray(from, at),
    }
  })
  return { fragment, blocks }
}
