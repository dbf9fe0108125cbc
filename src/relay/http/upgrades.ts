import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { Socket } from 'node:net'
import type { Traffic } from '../node/traffic.ts'
import { limitKey } from './client-address.ts'
import type { ClientAddress } from './client-address.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { RateLimit } from './rate-limit.ts'

export interface UpgradeOptions {
  readonly traffic: Traffic
  readonly rate: RateLimit
  readonly clientOf: ClientAddress
  readonly metrics: Metrics
  readonly log: Log
  readonly stopping: () => boolean
  /** Takes the request over. */
  readonly accept: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
}

/**
 * Decides which requests become WebSockets, before any cryptography is spent on them. The path does not
 * matter: a multiaddr has none, and a reverse proxy may put one before it.
 */
export function createUpgradeHandler(
  options: UpgradeOptions,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const { traffic, metrics } = options
  return (request, socket, head) => {
    // Until somebody else listens, a reset here would end the process.
    socket.on('error', () => socket.destroy())
    if (options.stopping() || !(socket instanceof Socket)) return refuse(socket, '503 Service Unavailable')
    const address = options.clientOf(request)
    const client = limitKey(address)
    const wait = options.rate.take(client)
    const limit = wait > 0 ? 'connectsPerMinutePerAddress' : traffic.refusal(client)
    if (limit !== undefined) {
      metrics.limited(limit)
      options.log('warn', 'connection.refused', { limit })
      return refuse(socket, '429 Too Many Requests', `Retry-After: ${wait > 0 ? wait : 60}\r\n`)
    }
    traffic.add(socket, address)
    options.accept(request, socket, head)
  }
}

function refuse(socket: Duplex, status: string, headers = ''): void {
  socket.end(`HTTP/1.1 ${status}\r\n${headers}Connection: close\r\nContent-Length: 0\r\n\r\n`)
}
