import { concat } from '../../core/bytes.ts'
import { CID_BYTES, CODEC_DAG_CBOR, DIGEST_BYTES, writeCid } from '../../core/cid.ts'
import type { Cid } from '../../core/cid.ts'
import { varintLength, writeVarint } from '../../core/varint.ts'

/** The parts of a CAR v1 file: a header, then for each block a frame head and the block's data. */

/** `{ roots: [` and `], version: 1 }` around the links, for up to 23 roots. */
const ROOTS_KEY = [0xa2, 0x65, 0x72, 0x6f, 0x6f, 0x74, 0x73]
const VERSION_PAIR = [0x67, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6f, 0x6e, 0x01]
/** Tag 42, byte string of 37, 0x00. */
const LINK_HEAD = [0xd8, 0x2a, 0x58, 0x25, 0x00]
/** A one-byte array head holds no more, and a repository has one root, seldom two. */
const MAX_ROOTS = 23

/** The header, its length before it, that names commits (DAG-CBOR) by these digests as the roots. */
export function carHeader(rootDigests: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (rootDigests.length > MAX_ROOTS) throw new RangeError('too many roots')
  const length =
    ROOTS_KEY.length + 1 + rootDigests.length * (LINK_HEAD.length + CID_BYTES) + VERSION_PAIR.length
  const out = new Uint8Array(varintLength(length) + length)
  let at = writeVarint(out, 0, length)
  out.set(ROOTS_KEY, at)
  at += ROOTS_KEY.length
  out[at++] = 0x80 | rootDigests.length
  for (const digest of rootDigests) {
    out.set(LINK_HEAD, at)
    at = writeCid(out, at + LINK_HEAD.length, CODEC_DAG_CBOR, digest)
  }
  out.set(VERSION_PAIR, at)
  return out
}

/** What comes before the `dataLength` bytes of a block: the frame's length and the CID. */
export function carFrameHead(codec: number, digest: Uint8Array, dataLength: number): Uint8Array<ArrayBuffer> {
  const length = CID_BYTES + dataLength
  const out = new Uint8Array(varintLength(length) + CID_BYTES)
  writeCid(out, writeVarint(out, 0, length), codec, digest)
  return out
}

/** Bytes that a block of `dataLength` takes in a CAR. */
export function carFrameLength(dataLength: number): number {
  return varintLength(CID_BYTES + dataLength) + CID_BYTES + dataLength
}

export interface CarBlock extends Cid {
  readonly data: Uint8Array
}

/** A whole small CAR in memory: proofs, tests. Large ones are streamed from the parts above. */
export function buildCar(
  rootDigests: readonly Uint8Array[],
  blocks: Iterable<CarBlock>,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [carHeader(rootDigests)]
  for (const block of blocks) {
    if (block.digest.length !== DIGEST_BYTES) throw new RangeError('digest must be 32 bytes')
    parts.push(carFrameHead(block.codec, block.digest, block.data.length), block.data)
  }
  return concat(parts)
}
