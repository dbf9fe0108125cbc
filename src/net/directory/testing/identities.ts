import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8 } from '../../../core/bytes.ts'
import type { SequenceStore } from '../parts.ts'

export interface Identity {
  readonly key: Ed25519PrivateKey
  readonly peer: string
}

/** A node's key and id, the same for the same name. */
export async function identity(name: string): Promise<Identity> {
  const key = await generateKeyPairFromSeed('Ed25519', sha256(utf8(name)))
  return { key, peer: peerIdFromPrivateKey(key).toString() }
}

export const topicOf = (name: string): Uint8Array => sha256(utf8(`topic ${name}`))

/** A counter that lives as long as the test. */
export function createSequence(start = 0): SequenceStore {
  let last = start
  return { next: async () => ++last }
}
