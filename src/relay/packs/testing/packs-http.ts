import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PackHandler } from '../../../sync/packs/handler.ts'
import { createPacksMount } from '../mount.ts'

/** The mount on a real HTTP server. All requests are of one client. */
export async function withPacksHttp(
  handler: PackHandler | undefined,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const mount = createPacksMount({ handler, clientOf: () => 'client' })
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://relay.test')
    void mount.handle(request, response, url).then(
      (done) => {
        if (!done) response.writeHead(404).end('not packs')
      },
      () => response.destroy(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    // A server listening on TCP has such an address.
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/sync`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
