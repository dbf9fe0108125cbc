import { varintLength, writeVarint } from '../../core/varint.ts'
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

/** Bytes that {@link writeStored} will write. */
export function storedSize({ node, records, children }: StoredNode): number {
  let size = varintLength(node.bytes.length) + node.bytes.length
  for (const record of records) size += placeSize(record)
  for (const child of children) {
    if (child !== undefined)
      size += placeSize(child) + varintLength(child.records) + varintLength(child.bytes)
  }
  return size
}

const placeSize = (it: Place): number => 4 + varintLength(it.offset) + varintLength(it.length)

/** Writes a stored node at `at`. Returns the offset after it. */
export function writeStored(out: Uint8Array, at: number, { node, records, children }: StoredNode): number {
  let to = writeVarint(out, at, node.bytes.length)
  out.set(node.bytes, to)
  to += node.bytes.length
  for (const record of records) to = writePlace(out, to, record)
  for (const child of children) {
    if (child === undefined) continue
    to = writePlace(out, to, child)
    to = writeVarint(out, to, child.records)
    to = writeVarint(out, to, child.bytes)
  }
  return to
}

function writePlace(out: Uint8Array, at: number, it: Place): number {
  out[at] = it.segment & 0xff
  out[at + 1] = (it.segment >>> 8) & 0xff
  out[at + 2] = (it.segment >>> 16) & 0xff
  out[at + 3] = it.segment >>> 24
  return writeVarint(out, writeVarint(out, at + 4, it.offset), it.length)
}

/** A stored node as bytes of its own. */
export function encodeStored(stored: StoredNode): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(storedSize(stored))
  writeStored(out, 0, stored)
  return out
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
