import { generateKeyPair, generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { NetError } from '../errors.ts'

/** Bytes of an Ed25519 public key, and of the seed that makes a key pair. */
const KEY_BYTES = 32

/** An Ed25519 key pair. `secretKey` is the seed and the public key, 64 bytes. */
export interface DhtKeyPair {
  readonly publicKey: Uint8Array
  readonly secretKey: Uint8Array
}

/** A key pair for a node to be made with; from the same seed always the same one. */
export async function dhtKeyPair(seed?: Uint8Array): Promise<DhtKeyPair> {
  if (seed !== undefined && seed.length !== KEY_BYTES) throw malformed('seed')
  const key =
    seed === undefined ? await generateKeyPair('Ed25519') : await generateKeyPairFromSeed('Ed25519', seed)
  return { publicKey: key.publicKey.raw, secretKey: key.raw }
}

/**
 * The peer id that an Ed25519 public key (32 bytes) is.
 *
 * @throws NetError `net.malformed` ({ reason: 'public-key' })
 */
export function peerOfPublicKey(publicKey: Uint8Array): string {
  if (publicKey.length !== KEY_BYTES) throw malformed('public-key')
  return peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString()
}

/**
 * The public key that a peer id is.
 *
 * @throws NetError `net.malformed` ({ reason: 'peer-id' }) when it is no id, or of another kind of key
 */
export function publicKeyOfPeer(peer: string): Uint8Array {
  const id = parse(peer)
  if (id?.type !== 'Ed25519') throw malformed('peer-id')
  return new Uint8Array(id.publicKey.raw)
}

function parse(peer: string): ReturnType<typeof peerIdFromString> | undefined {
  try {
    return peerIdFromString(peer)
  } catch {
    return undefined
  }
}

const malformed = (reason: string): NetError => new NetError('net.malformed', { reason })
