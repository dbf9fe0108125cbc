import { CairnError } from '../core/errors.ts'

/**
 * | code | fields |
 * |---|---|
 * | `net.unreachable` | `peer`, `tried`: no address of the peer could be reached |
 * | `net.no-addresses` | `peer`: nobody knows where it is |
 * | `net.unsupported` | `peer`, `protocol`: the peer does not speak it |
 * | `net.reset` | `peer`: the other side, or the connection, broke off |
 * | `net.timeout` | `peer`, `ms`: nothing came for too long |
 * | `net.cancelled` | none |
 * | `net.closed` | none: this node was stopped |
 * | `net.malformed` | `peer`, `reason`: bytes that the protocol does not allow |
 * | `net.too-large` | `peer`, `bytes`, `limit`: a message over its limit |
 * | `net.refused` | `peer`, `reason`: the other side says no |
 * | `net.limit` | `what`, `limit`: a limit of our own was reached |
 * | `net.address-refused` | `address`, `reason`: private, loopback or link-local |
 * | `net.no-relay` | none: no relay is reachable |
 * | `net.relay-invalid` | `url`, `reason`: not the description of a relay |
 * | `net.record-invalid` | `reason`: an announcement that proves nothing |
 */
export type NetErrorCode =
  | 'net.unreachable'
  | 'net.no-addresses'
  | 'net.unsupported'
  | 'net.reset'
  | 'net.timeout'
  | 'net.cancelled'
  | 'net.closed'
  | 'net.malformed'
  | 'net.too-large'
  | 'net.refused'
  | 'net.limit'
  | 'net.address-refused'
  | 'net.no-relay'
  | 'net.relay-invalid'
  | 'net.record-invalid'

/** Raised between nodes: connections, streams, announcements. */
export class NetError extends CairnError {
  constructor(code: NetErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
