import { concat, utf8 } from '../../core/bytes.ts'
import { encodeMessage } from '../../net/messages.ts'
import { verifySignature } from '../../repo/signature.ts'
import { NONCE_BYTES } from './protocol.ts'

const TAG = 'cairn.space.hello.v1\0'

/** One handshake on one connection: what both sides know of it. */
export interface Handshake {
  readonly space: string
  /** peer id of who opened the stream, and of who answers */
  readonly asker: string
  readonly server: string
  readonly askerNonce: Uint8Array
  readonly serverNonce: Uint8Array
}

/**
 * What a side signs: a tag, a zero byte, and the DAG-CBOR of who it is in this handshake. Both peer ids are in it,
 * so nobody passes a proof on, and both nonces, so nobody gives an old one.
 */
export const proofBytes = (by: 'asker' | 'server', handshake: Handshake): Uint8Array<ArrayBuffer> => {
  const { space, asker, server, askerNonce, serverNonce } = handshake
  return concat([utf8(TAG), encodeMessage({ by, space, asker, server, askerNonce, serverNonce })])
}

/** Whether the key made the proof. */
export const isProof = async (
  by: 'asker' | 'server',
  handshake: Handshake,
  { key, sig }: { readonly key: string; readonly sig: Uint8Array },
): Promise<boolean> => (await verifySignature(key, sig, proofBytes(by, handshake))) === 'valid'

/** Bytes of chance from a source of 32-bit numbers that is fit for keys. */
export function freshNonce(random: () => number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(NONCE_BYTES)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < NONCE_BYTES; i += 4) view.setUint32(i, random() >>> 0)
  return bytes
}
