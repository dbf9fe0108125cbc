import { fromBase58Btc } from '@atcute/multibase'
import { utf8 } from '../../core/bytes.ts'

/**
 * The Ed25519 public key that a peer id stands for (libp2p "peer ids": identity multihash of the key's
 * protobuf, base58btc), 32 bytes. For an id of another kind, its text as bytes.
 */
export function peerKey(id: string): Uint8Array {
  const bytes = decode(id)
  return bytes !== undefined &&
    bytes.length === HEAD.length + 32 &&
    HEAD.every((byte, index) => bytes[index] === byte)
    ? bytes.slice(HEAD.length)
    : utf8(id)
}

/** identity multihash of 36 bytes; field 1: key type 1, Ed25519; field 2: 32 bytes */
const HEAD = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]
/** Base58 takes time in the square of its length. */
const MAX_ID = 64

function decode(id: string): Uint8Array | undefined {
  if (id.length > MAX_ID) return undefined
  try {
    return fromBase58Btc(id)
  } catch {
    return undefined
  }
}
