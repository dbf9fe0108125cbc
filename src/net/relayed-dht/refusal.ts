import { equalBytes } from '../../core/bytes.ts'
import { NetError } from '../errors.ts'

/** Options of a source system's client that would give its relay a key or a say in the handshake. */
export interface KeyOptions {
  /** our own, by its public half; any other key needs a node of its own */
  readonly keyPair?: { readonly publicKey: Uint8Array; readonly secretKey?: unknown }
  /** a relay that holds keys for others; there is none */
  readonly custodial?: boolean
}

/**
 * Refuses what would hand over a secret key, or pretend to use one that this node does not have.
 *
 * @throws NetError `net.refused` ({ reason: 'secret-key' | 'custodial' | 'other-key' })
 */
export function refuseKeys({ keyPair, custodial }: KeyOptions, own: Uint8Array): void {
  const refuse = (reason: string): never => {
    throw new NetError('net.refused', { reason })
  }
  if (custodial === true) refuse('custodial')
  if (keyPair === undefined) return
  if (keyPair.secretKey !== undefined && keyPair.secretKey !== null) refuse('secret-key')
  if (!equalBytes(keyPair.publicKey, own)) refuse('other-key')
}
