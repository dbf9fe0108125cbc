import { fromBase32, toBase32 } from '@atcute/multibase'
import { copyRange } from './bytes.ts'

/**
 * Content identifiers as atproto allows them: CIDv1, SHA-256 of 32 bytes, codec DAG-CBOR or raw. In
 * binary always 36 bytes; as text `b` and 58 characters of lowercase base32.
 */

/** DAG-CBOR: commits, tree nodes, records. */
export const CODEC_DAG_CBOR = 0x71
/** Raw bytes: blobs. */
export const CODEC_RAW = 0x55

/** Version, codec, hash function and hash length, then the digest. */
export const CID_BYTES = 36
/** Bytes before the digest. */
export const CID_HEADER_BYTES = 4
/** SHA-256. */
export const DIGEST_BYTES = 32
/** `b` and 58 characters. */
const CID_STRING_LENGTH = 59

/** What `readCidHeader` gives for bytes that are no CID atproto allows. */
export const CID_UNSUPPORTED = 0

export interface Cid {
  readonly codec: number
  /** 32 bytes */
  readonly digest: Uint8Array
}

/**
 * The codec (0x71 or 0x55) of a 36-byte binary CID at `offset`, whose digest is then at `offset + 4`;
 * `CID_UNSUPPORTED` for another version, codec, hash or length, or when fewer than 36 bytes are there.
 */
export function readCidHeader(bytes: Uint8Array, offset: number): number {
  if (offset + CID_BYTES > bytes.length) return CID_UNSUPPORTED
  if (bytes[offset] !== 0x01 || bytes[offset + 2] !== 0x12 || bytes[offset + 3] !== 0x20)
    return CID_UNSUPPORTED
  const codec = bytes[offset + 1]
  return codec === CODEC_DAG_CBOR || codec === CODEC_RAW ? codec : CID_UNSUPPORTED
}

/** Writes the 36 bytes of a CID at `offset` and returns the offset after it. */
export function writeCid(out: Uint8Array, offset: number, codec: number, digest: Uint8Array): number {
  if (digest.length !== DIGEST_BYTES) throw new RangeError('digest must be 32 bytes')
  out[offset] = 0x01
  out[offset + 1] = codec
  out[offset + 2] = 0x12
  out[offset + 3] = 0x20
  out.set(digest, offset + CID_HEADER_BYTES)
  return offset + CID_BYTES
}

/** The 36 bytes of a CID. */
export function cidBytes(codec: number, digest: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(CID_BYTES)
  writeCid(out, 0, codec, digest)
  return out
}

/** The text of a CID. For display and for JSON; hot paths compare digests instead. */
export function cidString(codec: number, digest: Uint8Array): string {
  return `b${toBase32(cidBytes(codec, digest))}`
}

/** The CID of a text; undefined for anything but the one canonical text of a CID atproto allows. */
export function parseCid(text: string): Cid | undefined {
  if (text.length !== CID_STRING_LENGTH || !/^b[a-z2-7]{58}$/.test(text)) return undefined
  let bytes: Uint8Array
  try {
    bytes = fromBase32(text.slice(1))
  } catch {
    // Left-over bits that are not zero: another text for the same bytes.
    return undefined
  }
  const codec = readCidHeader(bytes, 0)
  if (codec === CID_UNSUPPORTED || bytes.length !== CID_BYTES) return undefined
  return { codec, digest: copyRange(bytes, CID_HEADER_BYTES, CID_BYTES) }
}
