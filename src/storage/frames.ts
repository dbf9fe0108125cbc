import { readVarint } from '../core/varint.ts'

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
