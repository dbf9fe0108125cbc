import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/**
 * The floor of a circuit, in a process of its own: `node forwarder.ts` prints its port, and hands on what one
 * WebSocket sends to the other, as it is. The two ends keep the pace themselves.
 */
const server = createServer()
const sockets = new WebSocketServer({ noServer: true })
const open = new Set<WebSocket>()
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (one) => {
    open.add(one)
    one.on('message', (data: Buffer, isBinary: boolean) => {
      for (const other of open) if (other !== one) other.send(isBinary ? data : String(data))
    })
    one.on('close', () => void open.delete(one))
  })
})
server.listen(0, '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port) // listening on TCP
})
