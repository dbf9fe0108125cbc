import { checkDagCbor } from '../cbor/check.ts'
import { RepoError } from '../errors.ts'

/**
 * One node of a Merkle Search Tree, read in place.
 *
 * DAG-CBOR shape (atproto repository spec): `{ e: [{ k: bytes, p: uint, t: CID|null, v: CID }], l: CID|null }`.
 * A node has one legal encoding, so the reader demands it token by token: whatever passes here is
 * canonical by construction. Nothing is copied; all positions are offsets into `bytes`.
 */
export interface MstNode {
  readonly bytes: Uint8Array
  /** offset of the left child's 32-byte digest, or -1 */
  readonly left: number
  readonly count: number
  /** {@link FIELDS} numbers an entry: prefix length, suffix offset, suffix length, value digest offset, right child digest offset or -1 */
  readonly fields: readonly number[]
}

export const FIELDS = 5
export const PREFIX = 0
export const SUFFIX = 1
export const SUFFIX_LENGTH = 2
export const VALUE = 3
export const RIGHT = 4

/** `a2 61 65`: a map of two whose first key is "e". What tells a node from a record before it is wanted as either. */
export function looksLikeNode(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from >= 7 && bytes[from] === 0xa2 && bytes[from + 1] === 0x61 && bytes[from + 2] === 0x65
}

/** Tag 42, byte string of 37, multibase 0, CIDv1, codec, sha2-256, 32 bytes follow. */
const LINK_HEAD = [0xd8, 0x2a, 0x58, 0x25, 0x00, 0x01, 0x71, 0x12, 0x20] as const
const LINK_START = Uint8Array.from(LINK_HEAD)
const LINK_CODEC_AT = 6
const RAW = 0x55
const LINK_BYTES = LINK_HEAD.length + 32

/** A CBOR head may be in the way of at most this many entries: each takes at least 50 bytes. */
const MIN_ENTRY_BYTES = 50

/**
 * Reads bytes [from, to) as a node.
 *
 * @throws RepoError `repo.node-not-canonical` when it is CBOR but not its one legal form,
 * `repo.node-malformed` when it is no node, `repo.record-codec` when a value is not DAG-CBOR.
 */
export function parseNode(source: Uint8Array, from = 0, to = source.length): MstNode {
  const bytes = from === 0 && to === source.length ? source : source.subarray(from, to)
  const reader = new NodeReader(bytes)
  const node = reader.read()
  if (node !== undefined) return node
  if (reader.rawValue) throw new RepoError('repo.record-codec', { codec: RAW })
  const strict = checkDagCbor(bytes, 0, bytes.length) === 0
  throw new RepoError(strict ? 'repo.node-malformed' : 'repo.node-not-canonical', {})
}

class NodeReader {
  private at = 3
  rawValue = false
  private readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  read(): MstNode | undefined {
    if (!looksLikeNode(this.bytes, 0, this.bytes.length)) return undefined
    const count = this.head(0x80)
    if (count < 0 || count > this.bytes.length / MIN_ENTRY_BYTES) return undefined
    // A plain array: small typed arrays are dear to make, and this makes one a node.
    const fields: number[] = []
    for (let i = 0; i < count; i++) if (!this.entry(fields)) return undefined
    if (!this.name(0x6c)) return undefined
    const left = this.linkOrNull()
    if (left === FAIL || this.at !== this.bytes.length) return undefined
    return { bytes: this.bytes, left, count, fields }
  }

  private entry(fields: number[]): boolean {
    if (this.bytes[this.at++] !== 0xa4 || !this.name(0x6b)) return false
    const length = this.head(0x40)
    const suffix = this.at
    if (length < 0 || suffix + length > this.bytes.length) return false
    this.at += length
    if (!this.name(0x70)) return false
    const prefix = this.head(0x00)
    if (prefix < 0 || !this.name(0x74)) return false
    const right = this.linkOrNull()
    if (right === FAIL || !this.name(0x76)) return false
    const value = this.link(true)
    if (value === FAIL) return false
    // In the order of the field numbers above.
    fields.push(prefix, suffix, length, value, right)
    return true
  }

  /** A one-letter map key. */
  private name(letter: number): boolean {
    return this.bytes[this.at++] === 0x61 && this.bytes[this.at++] === letter
  }

  /** A minimal CBOR head of this major type with an argument under 2^32, or -1. */
  private head(major: number): number {
    const bytes = this.bytes
    const first = bytes[this.at++]
    if (first === undefined || (first & 0xe0) !== major) return -1
    const small = first & 0x1f
    if (small < 24) return small
    if (small === 24) {
      const value = bytes[this.at++] ?? -1
      return value >= 24 ? value : -1
    }
    if (small === 25) {
      const value = ((bytes[this.at] ?? 0) << 8) | (bytes[this.at + 1] ?? 0)
      this.at += 2
      return value >= 0x100 ? value : -1
    }
    // 2^16 bytes of key or entries are past every limit, but a list of entries may come near.
    if (small === 26) {
      const value =
        (bytes[this.at] ?? 0) * 0x1000000 +
        (((bytes[this.at + 1] ?? 0) << 16) | ((bytes[this.at + 2] ?? 0) << 8) | (bytes[this.at + 3] ?? 0))
      this.at += 4
      return value >= 0x10000 ? value : -1
    }
    return -1
  }

  private linkOrNull(): number {
    if (this.bytes[this.at] === 0xf6) {
      this.at++
      return -1
    }
    return this.link(false)
  }

  /** Offset of the digest, or FAIL. */
  private link(value: boolean): number {
    const bytes = this.bytes
    const at = this.at
    if (at + LINK_BYTES > bytes.length) return FAIL
    for (let i = 0; i < LINK_HEAD.length; i++) {
      if (bytes[at + i] === LINK_HEAD[i]) continue
      if (value && i === LINK_CODEC_AT && bytes[at + i] === RAW) this.rawValue = true
      return FAIL
    }
    this.at = at + LINK_BYTES
    return at + LINK_HEAD.length
  }
}

const FAIL = -2

export interface NewEntry {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly right: Uint8Array | undefined
}

/** Encodes a node from full keys in order and 32-byte digests: the inverse of {@link parseNode}. */
export function encodeNode(
  left: Uint8Array | undefined,
  entries: readonly NewEntry[],
): Uint8Array<ArrayBuffer> {
  let size = 3 + 5 + 2 + LINK_BYTES
  for (const entry of entries) size += entry.key.length + 24 + LINK_BYTES * 2
  const out = new Writer(size)
  out.byte(0xa2).name(0x65).head(0x80, entries.length)
  let before: Uint8Array | undefined
  for (const entry of entries) {
    const prefix = before === undefined ? 0 : commonPrefix(before, entry.key)
    out
      .byte(0xa4)
      .name(0x6b)
      .head(0x40, entry.key.length - prefix)
      .put(entry.key, prefix)
    out.name(0x70).head(0x00, prefix).name(0x74).link(entry.right).name(0x76).link(entry.value)
    before = entry.key
  }
  return out.name(0x6c).link(left).done()
}

export function commonPrefix(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  let i = 0
  while (i < length && a[i] === b[i]) i++
  return i
}

class Writer {
  private at = 0
  private readonly out: Uint8Array<ArrayBuffer>

  constructor(capacity: number) {
    this.out = new Uint8Array(capacity)
  }
  byte(value: number): this {
    this.out[this.at++] = value
    return this
  }
  name(letter: number): this {
    return this.byte(0x61).byte(letter)
  }
  /** In a loop: so few bytes that a view of them would cost more. */
  put(bytes: Uint8Array, from = 0): this {
    const { out, at } = this
    // Both indexes are below their lengths.
    for (let i = from; i < bytes.length; i++) out[at + i - from] = bytes[i] as number
    this.at = at + bytes.length - from
    return this
  }
  link(digest: Uint8Array | undefined): this {
    if (digest === undefined) return this.byte(0xf6)
    return this.put(LINK_START).put(digest)
  }
  head(major: number, value: number): this {
    if (value < 24) return this.byte(major | value)
    if (value < 0x100) return this.byte(major | 24).byte(value)
    if (value < 0x10000)
      return this.byte(major | 25)
        .byte(value >> 8)
        .byte(value & 0xff)
    return this.byte(major | 26)
      .byte((value >>> 24) & 0xff)
      .byte((value >>> 16) & 0xff)
      .byte((value >>> 8) & 0xff)
      .byte(value & 0xff)
  }
  done(): Uint8Array<ArrayBuffer> {
    return this.out.slice(0, this.at)
  }
}
