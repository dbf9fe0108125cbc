import { FIELDS, type MstNode, parseNode, RIGHT } from './node.ts'

/**
 * A tree node as Cairn keeps it: the signed bytes as received, and beside them where everything they
 * point to lies, and how much is under each child. So a tree is walked, counted and shared between
 * snapshots without any index from CID to place, and a child can be skipped by its number of records.
 *
 * ```
 * varint nodeLength, node bytes,
 * per entry:             u32le segment, varint offset, varint length      (the record)
 * per child, left first: u32le segment, varint offset, varint length,     (its stored node)
 *                        varint records, varint record bytes
 * ```
 */

/** Where bytes lie: a segment of the repo, and a range in it. Stays valid when the segment is compacted. */
export interface Place {
  readonly segment: number
  readonly offset: number
  readonly length: number
}

export interface StoredChild extends Place {
  readonly records: number
  readonly bytes: number
}

export interface StoredNode {
  readonly node: MstNode
  /** one an entry */
  readonly records: readonly Place[]
  /** `children[0]` is left of the first entry, `children[i + 1]` right of entry i */
  readonly children: readonly (StoredChild | undefined)[]
}

/** Longest possible encoding of one reference: u32 and four varints of at most 8 bytes. */
const REFERENCE_BYTES = 4 + 8 * 4

/** Encoding happens here and is copied out at its true size: a node's bound is several times that. */
let scratch = new Uint8Array(64 * 1024)
let view = new DataView(scratch.buffer)

export function encodeStored(stored: StoredNode): Uint8Array<ArrayBuffer> {
  const { node, records, children } = stored
  const bound = 8 + node.bytes.length + (records.length + children.length) * REFERENCE_BYTES
  if (bound > scratch.length) {
    scratch = new Uint8Array(bound * 2)
    view = new DataView(scratch.buffer)
  }
  const out = scratch
  let at = putVarint(out, 0, node.bytes.length)
  out.set(node.bytes, at)
  at += node.bytes.length
  const place = (it: Place): void => {
    view.setUint32(at, it.segment, true)
    at = putVarint(out, at + 4, it.offset)
    at = putVarint(out, at, it.length)
  }
  for (const record of records) place(record)
  for (const child of children) {
    if (child === undefined) continue
    place(child)
    at = putVarint(out, at, child.records)
    at = putVarint(out, at, child.bytes)
  }
  return out.slice(0, at)
}

/** Reads what {@link encodeStored} wrote. Our own disk, yet checked: the node itself is parsed strictly. */
export function decodeStored(bytes: Uint8Array): StoredNode {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const varint = (): number => {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = view.getUint8(at++)
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
  }
  const length = varint()
  const node = parseNode(bytes, at, at + length)
  at += length
  const place = (): Place => {
    const segment = view.getUint32(at, true)
    at += 4
    const offset = varint()
    return { segment, offset, length: varint() }
  }
  const records: Place[] = []
  for (let i = 0; i < node.count; i++) records.push(place())
  const children: (StoredChild | undefined)[] = []
  for (let i = -1; i < node.count; i++) {
    const present = i < 0 ? node.left >= 0 : (node.fields[i * FIELDS + RIGHT] ?? -1) >= 0
    if (!present) {
      children.push(undefined)
      continue
    }
    const at = place()
    children.push({ ...at, records: varint(), bytes: varint() })
  }
  return { node, records, children }
}

function putVarint(out: Uint8Array, at: number, value: number): number {
  while (value >= 0x80) {
    out[at++] = (value % 0x80) | 0x80
    value = Math.floor(value / 0x80)
  }
  out[at++] = value
  return at
}

/** Records and record bytes under a stored node, itself included. */
export function totals(stored: StoredNode): { records: number; bytes: number } {
  let records = stored.records.length
  let bytes = 0
  for (const record of stored.records) bytes += record.length
  for (const child of stored.children) {
    if (child === undefined) continue
    records += child.records
    bytes += child.bytes
  }
  return { records, bytes }
}
