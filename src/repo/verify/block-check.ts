import { CODEC_DAG_CBOR } from '../../core/cid.ts'
import type { Sha256 } from '../../core/hash.ts'
import { createCarReader } from '../car/reader.ts'
import { checkRecord } from '../cbor/check.ts'
import { RepoError } from '../errors.ts'
import { looksLikeNode } from '../mst/node.ts'
import { checkHash, NODE_LIKE } from './intake.ts'

/**
 * The first half of taking a CAR in: split it into blocks, hash each, and check the form of each that can
 * be a record. It needs nothing but the bytes, so it can run on a thread of its own while the second half
 * (store, walk the tree) is at work on the chunk before.
 */
export interface BlockCheck {
  /** Checks the blocks that this chunk completes. The chunk must not be used again by the caller. */
  push(chunk: Uint8Array): CheckedBlocks | Promise<CheckedBlocks>
  /** Says that the bytes are over. Throws `repo.car-truncated`. */
  end(): void | Promise<void>
  close(): void
  /** Chunks that may be under way before the first is waited for. */
  readonly ahead: number
}

export type OpenBlockCheck = () => BlockCheck

/** Blocks whose hashes hold, described by {@link BLOCK_FIELDS} numbers each. */
export interface CheckedBlocks {
  /** digest of the first root, when the header was in this chunk */
  readonly root: Uint8Array | undefined
  /** the chunk, and the one block that began in an earlier chunk, if any */
  readonly buffers: readonly Uint8Array[]
  readonly blocks: Int32Array<ArrayBuffer>
  /** bytes of the chunk */
  readonly length: number
}

export const BLOCK_FIELDS = 8
export const IN_BUFFER = 0
export const CODEC = 1
export const DIGEST_AT = 2
export const FROM = 3
export const TO = 4
/** byte offset of the frame in the CAR: millions of 2^20, and the rest */
export const POSITION_HIGH = 5
export const POSITION_LOW = 6
/** what `Intake.take` wants to know of it */
export const FORM = 7

export const POSITION_UNIT = 2 ** 20

/** A guess that fits most chunks: blocks of 280 bytes. */
const BYTES_A_BLOCK = 200

/** The check on the caller's own thread. Errors: those of the CAR reader, `repo.no-root`, `repo.bad-hash`. */
export function createBlockCheck(sha256: Sha256): BlockCheck {
  let root: Uint8Array | undefined
  let chunk: Uint8Array = new Uint8Array(0)
  let straddler: Uint8Array<ArrayBuffer> | undefined
  let blocks = new Int32Array(0)
  let used = 0

  const car = createCarReader({
    header({ roots }) {
      const first = roots[0]
      if (first === undefined) throw new RepoError('repo.no-root')
      root = first.digest.slice()
    },
    block(codec, buffer, digestAt, from, to, position) {
      checkHash(sha256, buffer, digestAt, from, to, position)
      if (used + BLOCK_FIELDS > blocks.length) {
        const grown = new Int32Array(Math.max(64 * BLOCK_FIELDS, blocks.length * 2))
        grown.set(blocks)
        blocks = grown
      }
      // The reader puts a block that lies across chunks into a buffer that it uses again.
      const across = buffer.buffer !== chunk.buffer
      if (across) straddler = copy(buffer, digestAt, to)
      const shift = across ? digestAt : chunk.byteOffset - buffer.byteOffset
      const node = codec === CODEC_DAG_CBOR && looksLikeNode(buffer, from, to)
      blocks[used + IN_BUFFER] = across ? 1 : 0
      blocks[used + CODEC] = codec
      blocks[used + DIGEST_AT] = digestAt - shift
      blocks[used + FROM] = from - shift
      blocks[used + TO] = to - shift
      blocks[used + POSITION_HIGH] = Math.floor(position / POSITION_UNIT)
      blocks[used + POSITION_LOW] = position % POSITION_UNIT
      blocks[used + FORM] = node ? NODE_LIKE : checkRecord(buffer, from, to)
      used += BLOCK_FIELDS
    },
  })

  return {
    ahead: 0,
    push(next) {
      chunk = next
      straddler = undefined
      used = 0
      root = undefined
      const room = Math.ceil(next.length / BYTES_A_BLOCK) * BLOCK_FIELDS
      blocks = new Int32Array(room)
      car.push(next)
      return {
        root,
        buffers: straddler === undefined ? [next] : [next, straddler],
        blocks: blocks.subarray(0, used),
        length: next.length,
      }
    },
    end: () => car.end(),
    close() {},
  }
}

function copy(bytes: Uint8Array, from: number, to: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(to - from)
  out.set(bytes.subarray(from, to))
  return out
}
