import type { ConnectionGater } from '@libp2p/interface'
import { refusalOf } from './multiaddrs.ts'

export interface GaterOptions {
  /** dial private, loopback and link-local addresses, and WebSockets without TLS: a page on localhost, a test */
  readonly allowLocal: boolean
  /** refuse `ws:` as a secure page would; Node may use it */
  readonly secureOnly: boolean
}

/** Lets a node dial public addresses only, unless it was told that its relay is on this machine or network. */
export function createGater({ allowLocal, secureOnly }: GaterOptions): ConnectionGater {
  return {
    denyDialMultiaddr: (address) => !allowLocal && refusalOf(address, secureOnly) !== undefined,
  }
}
