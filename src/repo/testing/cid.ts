import { fromDigest, toString } from '@atcute/cid'
import { sha256 } from '@noble/hashes/sha2.js'

/** Bytes of a CIDv1 with SHA-256: version, codec, hash function, length, digest. */
const CID_LENGTH = 36
export const CODEC_DAG_CBOR = 0x71
export const CODEC_RAW = 0x55

/** The 36 CID bytes of `data`, hashed here and now (a second opinion on the product's hashing). */
export function cidOf(data: Uint8Array, codec: number = CODEC_DAG_CBOR): Uint8Array<ArrayBuffer> {
  const cid = new Uint8Array(CID_LENGTH)
  cid[0] = 1
  cid[1] = codec
  cid[2] = 0x12
  cid[3] = 32
  cid.set(sha256(data), 4)
  return cid
}

/** The base32 text of 36 CID bytes. */
export function cidText(cid: Uint8Array): string {
  return toString(fromDigest(cid[1] === CODEC_RAW ? 0x55 : 0x71, cid.subarray(4)))
}

/** CID bytes as a Map key: one UTF-16 unit a byte, cheaper than base32. */
export function cidKey(cid: Uint8Array): string {
  let key = ''
  for (let i = 4; i < CID_LENGTH; i += 8) {
    key += String.fromCharCode(
      at(cid, i),
      at(cid, i + 1),
      at(cid, i + 2),
      at(cid, i + 3),
      at(cid, i + 4),
      at(cid, i + 5),
      at(cid, i + 6),
      at(cid, i + 7),
    )
  }
  return cid[1] === CODEC_DAG_CBOR ? key : `${key}/${cid[1]}`
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}

/** Byte order, shorter first among equals. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = at(a, i) - at(b, i)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
