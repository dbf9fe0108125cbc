import { equalAt } from '../core/bytes.ts'
import type { Sha256 } from '../core/hash.ts'
import { readVarint } from '../core/varint.ts'
import { decodeStored } from '../repo/mst/stored.ts'

/** One frame of a segment: a record (its digest is known from the frame) or a stored tree node. */
export interface Frame {
  readonly kind: 'record' | 'node'
  /** offset of the digest in the segment; -1 for a node */
  readonly digestAt: number
  /** offsets of the record's data, or of the stored node */
  readonly from: number
  readonly to: number
}

const CID_HEAD = [0x01, 0x71, 0x12, 0x20] as const
const CID_BYTES = 36

/** Reads the frames of a segment's bytes in order. Stops at the first that is not whole. */
export function* frames(bytes: Uint8Array): Generator<Frame> {
  let at = 0
  while (at < bytes.length) {
    const length = readVarint(bytes, at, bytes.length)
    if (length <= 0) return
    let from = at
    while ((bytes[from] ?? 0) >= 0x80) from++
    from++
    const to = from + length
    if (to > bytes.length) return
    // A stored node begins with its length, and no node is one byte long.
    const record = length > CID_BYTES && CID_HEAD.every((byte, i) => bytes[from + i] === byte)
    if (record) yield { kind: 'record', digestAt: from + 4, from: from + CID_BYTES, to }
    else yield { kind: 'node', digestAt: -1, from, to }
    at = to
  }
}

/** Every frame of a segment's bytes is whole, nothing is behind them, and every record is what its CID says. */
export function framesHold(bytes: Uint8Array, sha256: Sha256): boolean {
  let end = 0
  for (const frame of frames(bytes)) {
    end = frame.to
    const data = bytes.subarray(frame.from, frame.to)
    if (frame.kind === 'node') {
      // A node that cannot be read is not whole; what it says is proven when it is used.
      if (!readable(data)) return false
      continue
    }
    const digest = sha256(data)
    if (!equalAt(digest, 0, bytes, frame.digestAt, digest.length)) return false
  }
  return end === bytes.length
}

function readable(data: Uint8Array): boolean {
  try {
    decodeStored(data)
    return true
  } catch {
    return false
  }
}
