import type { Server } from 'node:http'
import { limitKey, normalAddress } from './client-address.ts'

/**
 * Lets one address have so many connections at once, whatever it does with them: who opens them all and says nothing,
 * or takes an answer byte by byte, keeps nobody else out. A reverse proxy may have any number: how many answers its
 * clients wait for is counted by the handler.
 */
export function boundSockets(
  server: Server,
  most: number,
  options: {
    /** addresses of proxies, as `normalAddress` gives them */
    readonly isProxy: (address: string) => boolean
    readonly onRefused: () => void
  },
): void {
  const open = new Map<string, number>()
  server.on('connection', (socket) => {
    const address = normalAddress(socket.remoteAddress ?? '')
    if (options.isProxy(address)) return
    const client = limitKey(address)
    const count = open.get(client) ?? 0
    if (count >= most) {
      options.onRefused()
      socket.destroy()
      return
    }
    open.set(client, count + 1)
    socket.once('close', () => {
      const left = (open.get(client) ?? 1) - 1
      if (left === 0) open.delete(client)
      else open.set(client, left)
    })
  })
}
