import { sha256 } from '@noble/hashes/sha2.js'
import { encodeParts } from '../crypto.ts'

const TAG = 'cairn.space.text-client.v1'

/**
 * The Yjs client id of one session of a device in a note: 53 bits of the SHA-256 of
 * `[tag, device, note, salt]`, the largest that a number and a varint of Yjs hold. Nobody can give structs under
 * another device's id without finding a second preimage, and a cloned device does not repeat one either, since `salt`
 * is chance.
 */
export function textClient(device: string, note: string, salt: Uint8Array): number {
  const digest = sha256(encodeParts([TAG, device, note, salt]))
  let client = (digest[0] ?? 0) & 0x1f
  for (let i = 1; i < 7; i++) client = client * 256 + (digest[i] ?? 0)
  return client
}
