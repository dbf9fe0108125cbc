import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { concat } from '../../../core/bytes.ts'
import { encodeDagCbor } from '../../../repo/cbor/encode.ts'
import type { TestRepo } from '../../../repo/testing/repo.ts'
import { cidString, CODEC_DAG_CBOR } from '../../../core/cid.ts'

/** Two DAG-CBOR maps, one after the other. */
export const frameOf = (header: unknown, payload: unknown): Uint8Array<ArrayBuffer> =>
  concat([encodeDagCbor(header), encodeDagCbor(payload)])

const TIME = '2026-10-01T00:00:00.000Z'

/** A commit as a PDS tells of it. */
export const commitFrame = (
  seq: number,
  repo: Pick<TestRepo, 'did' | 'rev' | 'commit'>,
  more: Record<string, unknown> = {},
): Uint8Array<ArrayBuffer> =>
  frameOf(
    { op: 1, t: '#commit' },
    {
      seq,
      repo: repo.did,
      rev: repo.rev,
      since: null,
      commit: { $link: cidString(CODEC_DAG_CBOR, repo.commit.subarray(4)) },
      blocks: new Uint8Array(100),
      ops: [{ action: 'create', path: 'app.bsky.feed.post/3kabcdefghijk', cid: null }],
      blobs: [],
      rebase: false,
      tooBig: false,
      time: TIME,
      ...more,
    },
  )

export const eventFrame = (t: string, fields: Record<string, unknown>): Uint8Array<ArrayBuffer> =>
  frameOf({ op: 1, t }, { time: TIME, ...fields })

export interface FirehoseServer {
  /** http origin */
  readonly origin: string
  /** cursors that connections asked from, in order; undefined: none */
  readonly asked: (number | undefined)[]
  /** Told of each connection; may send to it at once. */
  onConnect: (send: (data: Uint8Array | string) => void, cursor: number | undefined) => void
  /** Resolves once so many connections were made in all. */
  connected(count: number): Promise<void>
  /** Sends to all that are connected. */
  send(data: Uint8Array | string): void
  /** Breaks every connection. */
  drop(): void
  readonly open: number
  close(): Promise<void>
}

/** A server of `com.atproto.sync.subscribeRepos` that says what a test makes it say, over real WebSockets. */
export async function startFirehoseServer(): Promise<FirehoseServer> {
  const http = createServer((_request, response) => response.writeHead(404).end())
  const sockets = new WebSocketServer({ noServer: true })
  const open = new Set<WebSocket>()
  let changed = Promise.withResolvers<void>()

  const server: FirehoseServer = {
    origin: '',
    asked: [],
    onConnect: () => {},
    async connected(count) {
      while (server.asked.length < count) await changed.promise
    },
    send(data) {
      for (const socket of open) socket.send(data)
    },
    drop() {
      for (const socket of open) socket.terminate()
    },
    get open() {
      return open.size
    },
    async close() {
      server.drop()
      sockets.close()
      http.closeAllConnections()
      http.close()
      await once(http, 'close')
    },
  }

  http.on('upgrade', (request, socket, head) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (url.pathname !== '/xrpc/com.atproto.sync.subscribeRepos') return socket.destroy()
    return sockets.handleUpgrade(request, socket, head, (ws) => {
      open.add(ws)
      ws.on('close', () => open.delete(ws))
      const cursor = url.searchParams.get('cursor')
      const from = cursor === null ? undefined : Number(cursor)
      server.onConnect((data) => ws.send(data), from)
      server.asked.push(from)
      changed.resolve()
      changed = Promise.withResolvers()
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  // a server listening on TCP has such an address
  return Object.assign(server, { origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}` })
}
