import { CID_HEADER_BYTES, cidBytes, CODEC_DAG_CBOR, parseCid } from '../../core/cid.ts'

/** The digest of a CID of our own. */
export function digestOfCid(text: string): Uint8Array {
  const cid = parseCid(text)
  if (cid === undefined) throw new RangeError('not a CID')
  return cid.digest
}

export const cidOfDigest = (digest: Uint8Array): Uint8Array<ArrayBuffer> => cidBytes(CODEC_DAG_CBOR, digest)
export const digestOf = (cid: Uint8Array): Uint8Array => cid.subarray(CID_HEADER_BYTES)
