import { ImmutableString, Repo } from '@automerge/automerge-repo'
import { WebSocketServerAdapter } from '@automerge/automerge-repo-network-websocket'
import { setupWSConnection } from '@y/websocket-server/utils'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/**
 * The server in the middle of a rival, in a process of its own: `node rival-servers.ts NAME BASE` prints a line of
 * JSON with its port and what its document is called. Each is its authors' own; neither stores anything here, which
 * can only make it faster.
 */
const [name, base = ''] = process.argv.slice(2)
const server = createServer()
const sockets = new WebSocketServer({ noServer: true })
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (one) => void sockets.emit('connection', one, request))
})
let document = 'bench'
if (name === 'yjs') {
  sockets.on('connection', (socket: WebSocket, request: IncomingMessage) =>
    setupWSConnection(socket, request),
  )
} else {
  const repo = new Repo({
    network: [new WebSocketServerAdapter(sockets)],
    sharePolicy: async () => true,
  })
  // made by the bench
  const all = (await (await fetch(base)).json()) as Record<string, string>
  const records = Object.fromEntries(
    Object.entries(all).map(([path, text]) => [path, new ImmutableString(text)]),
  )
  document = repo.create({ records }).documentId
}
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo // listening on TCP
  console.log(JSON.stringify({ port, document }))
})
