import { encode } from '@atcute/cbor'
import { CidLinkWrapper } from '@atcute/cid'

export interface TestBlock {
  readonly cid: Uint8Array
  readonly bytes: Uint8Array
}

/** How many bytes a chunk of a written CAR has: what a network stream hands over at a time. */
const CHUNK_BYTES = 64 * 1024

/** Unsigned LEB128. */
export function varint(value: number): Uint8Array<ArrayBuffer> {
  const out: number[] = []
  let rest = value
  while (rest >= 0x80) {
    out.push((rest % 0x80) + 0x80)
    rest = Math.floor(rest / 0x80)
  }
  out.push(rest)
  return Uint8Array.from(out)
}

/** A CAR v1 header with its length (https://ipld.io/specs/transport/car/carv1/). */
export function carHeader(roots: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const header = encode({ version: 1, roots: roots.map((root) => new CidLinkWrapper(root)) })
  return joinBytes([varint(header.length), header])
}

/** One block as it stands in a CAR: length, CID, bytes. */
export function carFrame({ cid, bytes }: TestBlock): Uint8Array<ArrayBuffer> {
  return joinBytes([varint(cid.length + bytes.length), cid, bytes])
}

/** A CAR in chunks of 64 KB (the last one shorter); each chunk is the receiver's to keep. */
export function* writeCar(
  roots: readonly Uint8Array[],
  blocks: Iterable<TestBlock>,
): Generator<Uint8Array<ArrayBuffer>> {
  let chunk = new Uint8Array(CHUNK_BYTES)
  let used = 0
  const pieces = function* (): Generator<Uint8Array> {
    yield carHeader(roots)
    for (const block of blocks) {
      yield varint(block.cid.length + block.bytes.length)
      yield block.cid
      yield block.bytes
    }
  }
  for (const piece of pieces()) {
    let taken = 0
    while (taken < piece.length) {
      const part = piece.subarray(taken, taken + CHUNK_BYTES - used)
      chunk.set(part, used)
      used += part.length
      taken += part.length
      if (used < CHUNK_BYTES) continue
      yield chunk
      chunk = new Uint8Array(CHUNK_BYTES)
      used = 0
    }
  }
  if (used > 0) yield chunk.slice(0, used)
}

/** A small CAR in one piece. */
export function carBytes(roots: readonly Uint8Array[], blocks: Iterable<TestBlock>): Uint8Array<ArrayBuffer> {
  return joinBytes([carHeader(roots), ...[...blocks].map(carFrame)])
}

export function joinBytes(parts: Iterable<Uint8Array>): Uint8Array<ArrayBuffer> {
  const list = [...parts]
  const out = new Uint8Array(list.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of list) {
    out.set(part, offset)
    offset += part.length
  }
  return out
}
