import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'

/** Where a few bytes are kept. */
export interface ByteStore {
  load(): Promise<Uint8Array | undefined>
  save(bytes: Uint8Array): Promise<void>
}

/**
 * The Ed25519 key whose public half is a node's peer id, made on first use. It proves who is at the other end
 * of a connection and nothing else; the device key vouches for it. A page and a service worker have one each.
 * What is kept and is no such key is replaced: others learn the new peer id from the next certificate.
 */
export async function loadTransportKey(store: ByteStore): Promise<Ed25519PrivateKey> {
  const kept = await store.load()
  const key = kept === undefined ? undefined : readKey(kept)
  if (key !== undefined) return key
  const made = await generateKeyPair('Ed25519')
  await store.save(privateKeyToProtobuf(made))
  return made
}

function readKey(bytes: Uint8Array): Ed25519PrivateKey | undefined {
  try {
    const key = privateKeyFromProtobuf(bytes)
    return key.type === 'Ed25519' ? key : undefined
  } catch {
    return undefined
  }
}
